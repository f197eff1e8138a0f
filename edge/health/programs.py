"""Asking systemctl and journalctl, where they are there."""

from __future__ import annotations

import os
import subprocess

SECONDS = 4.0


def ask(*command: str) -> str | None:
    """What a program printed; None if it is not there, failed or took too long."""
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode(errors="replace") if ended.returncode == 0 else None


def kernel_log(pattern: str) -> str | None:
    """The kernel's last line since the boot that matches; '' for none, None where it is unread.

    Root and the groups `adm` and `systemd-journal` may read it.
    """
    options = ("--dmesg", "--boot", "--quiet", "--no-pager", "--output=cat", "--lines=1")
    if not ask("journalctl", *options):  # it holds a line since every boot
        return None
    # status 1 means that nothing matched
    return ask("journalctl", *options, f"--grep={pattern}") or ""
