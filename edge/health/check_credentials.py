"""The doctor on what the service is given to read: its configuration and its credentials."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge.health.finding import AS_ROOT, Finding, failed, ok, unknown

GROUP = "video"  # the service's, as its unit says
MOST = 1 << 20  # bytes; systemd passes on no more than that, all together
RENAME = "rename it: ASCII letters, digits, - and _; then restart the service"


def may_be_read(config: Path) -> Iterator[Finding]:
    """Whether the service may read its configuration, which root reads anyhow.

    Args:
        config: The file, which is there.
    """
    about = config.stat()
    needed = stat.S_IROTH | (stat.S_IRGRP if _is_services(about.st_gid) else 0)
    if about.st_mode & needed:
        return
    told = f"{config}: the service may not read it"
    advice = f"sudo chgrp {GROUP} {config} && sudo chmod 640 {config}, then restart the service"
    yield failed("configuration", told, advice)


def _is_services(group: int) -> bool:
    try:
        return grp.getgrnam(GROUP).gr_gid == group
    except KeyError:
        return False


def look_at_credentials(folder: Path) -> Iterator[Finding]:
    """Whether systemd can pass on every file in the folder; one that it cannot stops the service.

    Args:
        folder: Of the credentials; need not be there.
    """
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        yield unknown("credentials", f"{folder}: only root may look at it", AS_ROOT)
        return
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    odd = [path for path in files if not _is_name(str(path.relative_to(folder)))]
    if odd:
        yield failed("credentials", f"{odd[0]}: systemd takes no such name", RENAME)
    elif size > MOST:
        told = f"{folder}: {size} bytes, of which systemd passes on {MOST} at most"
        yield failed("credentials", told, "remove what is not a secret, then restart the service")
    elif files:
        yield ok("credentials", f"{len(files)} in {folder}")


def _is_name(name: str) -> bool:
    return name.isascii() and name.isprintable() and ":" not in name
