"""The faults' table as a page to keep: with the machine, the versions and the command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.commit import commit
from benchmarks.faults.told import as_text
from benchmarks.machine import machine
from edge import __version__

COMMAND = "edge-bench faults --results benchmarks/RESULTS.md"


def page(measured: dict[str, Any]) -> str:
    """The whole page as Markdown."""
    about = ", ".join(f"{key} {value}" for key, value in machine().items())
    return f"""# Faults

What was done to the service on purpose, how often, and what was lost. *Lost*: accepted by the
outbox and never delivered although somebody was there to take it within its time to live, or seen
by the camera and never told. *Told twice*: the same happening under a second key; the same key may
arrive again, that is what at-least-once means, and receivers drop it by the key.

`make faults`, which is `{COMMAND}`; {datetime.now(UTC):%Y-%m-%d}, version {__version__}, commit
{commit() or "unknown"}; {about}.

{as_text(measured)}
"""
