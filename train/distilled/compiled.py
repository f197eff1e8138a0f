"""The kernels as a library of this machine: compiled once, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from edge.files import replacing

SOURCES = Path(__file__).parent / "cpp"
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fopenmp", "-shared", "-fPIC", "-w")
# The kernels need the first; all four are what PyTorch's own convolutions in bfloat16 need.
INSTRUCTIONS = ("avx512f", "avx512bw", "avx512dq", "avx512vl")
PROCESSOR = Path("/proc/cpuinfo")
LONGEST = 300  # seconds that a compiler may take


class NoKernelsError(RuntimeError):
    """There can be no kernels here; the message says why."""


def compiled(cache: Path | None = None) -> Path:
    """The library's file.

    Its name says of what it was made: sources, flags, compiler and processor, since a home folder
    may be shared among machines.

    Args:
        cache: The folder to keep it in; by default the user's.

    Raises:
        NoKernelsError: the machine or its processor is another one, or there is no compiler that
            can do it.
        OutputError: the cache cannot be written to.
    """
    flags = _instructions()
    compiler = _compiler()
    sources = sorted(SOURCES.glob("*.cpp"))
    digest = hashlib.sha256("\n".join([compiler, *FLAGS, *flags]).encode())
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.read_bytes())
    library = (cache or cache_folder()) / f"kernels-{digest.hexdigest()[:16]}.so"
    if not library.is_file():
        with replacing(library) as beside:
            _compile([compiler, *FLAGS, *map(str, sources), "-o", str(beside)])
    return library


def cache_folder() -> Path:
    """Where this package keeps what it can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-emotion"


def _instructions() -> list[str]:
    """What the processor knows, if that is enough."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise NoKernelsError(f"they are for x86-64 Linux, not {platform.machine()}")
    try:
        told = PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NoKernelsError(f"{PROCESSOR} cannot be read ({error.strerror})") from error
    flags = next((line.partition(":")[2].split() for line in told if line.startswith("flags")), [])
    missing = [one for one in INSTRUCTIONS if one not in flags]
    if missing:
        raise NoKernelsError(f"this processor has no {', '.join(missing)}")
    return flags


def _compiler() -> str:
    """The compiler's path: `CXX` where that is set, else what is installed."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "c++", "clang++"]
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise NoKernelsError(f"no C++ compiler ({', '.join(names)}) is installed")
    return found


def _compile(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKernelsError(f"{command[0]} did not get them compiled ({error})") from error
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr]
        raise NoKernelsError(f"{command[0]} cannot compile them ({told[0].strip()})")
