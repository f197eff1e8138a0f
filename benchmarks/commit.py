"""Of which commit a result is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
UNKNOWN = "unknown"


def commit(folder: Path = CHECKOUT) -> str:
    """The commit of this checkout, with `+changes` if files differ from it; `unknown` elsewhere.

    Args:
        folder: Its top.
    """
    # inside a hook, git's own variables name another checkout
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            check=True,
            capture_output=True,
            text=True,
            env=clean,
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != folder.resolve():
            return UNKNOWN  # installed inside someone else's checkout
        changes = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
