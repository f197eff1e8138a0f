"""Tries, inside the service's sandbox, what the service may and may not do; prints JSON."""

import ctypes
import errno
import json
import mmap
import os
import socket
import stat
import subprocess
from pathlib import Path


def outcome(action):
    """'' or the name of the error."""
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def writable():
    """Folders, three deep, in which a file can be made."""
    found = []
    for top, folders, _ in os.walk("/"):
        if top.count("/") >= 3 or top in {"/proc", "/sys"}:
            folders.clear()
        file = Path(top, ".probe")
        if not outcome(file.touch):
            file.unlink()
            found.append(top)
    return found


def run_own_file():
    """A program that it has written itself."""
    own = Path(os.environ["STATE_DIRECTORY"], "own")
    own.write_text("#!/bin/sh\n")
    own.chmod(own.stat().st_mode | stat.S_IXUSR)
    try:
        subprocess.run([own], check=False)
    finally:
        own.unlink()


def new_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000):
        raise OSError(ctypes.get_errno(), "unshare")


found = {
    "credentials": {
        path.name: path.read_text() for path in Path(os.environ["CREDENTIALS_DIRECTORY"]).iterdir()
    },
    "credential files": outcome(lambda: list(Path("/etc/edge-run/credentials").iterdir())),
    "configuration": outcome(lambda: Path("/etc/edge-run/config.toml").read_text()),
    "camera": outcome(lambda: os.close(os.open("/dev/video0", os.O_RDWR))),
    "other device": outcome(lambda: os.close(os.open("/dev/other", os.O_RDWR))),
    "state": outcome(Path(os.environ["STATE_DIRECTORY"], "mine").touch),
    "writable": writable(),
    "own program": outcome(run_own_file),
    "code made at run time": outcome(
        lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    ),
    "raw packets": outcome(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
    "namespace": outcome(new_namespace),
    "root": os.getuid() == 0,
    "core": os.popen("ulimit -c").read().strip(),
    "cpuinfo": outcome(lambda: Path("/proc/cpuinfo").read_text()),
}
print(json.dumps(found))
