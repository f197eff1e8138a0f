"""What a check of the doctor found, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from edge.message import one_line

AS_ROOT = "run this again as root, with sudo"


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Attributes:
        check: What was looked at, in a word or two.
        told: What was found.
        advice: What to do next; never empty where it failed.
    """

    check: str
    verdict: Verdict
    told: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as `edge-run doctor --json` prints it, without passwords."""
        return {
            "check": self.check,
            "verdict": str(self.verdict),
            "told": one_line(self.told),
            "advice": one_line(self.advice),
        }


class Check(NamedTuple):
    """A name and what finds out; it may take its time and raise what it likes."""

    name: str
    look: Callable[[], Iterable[Finding]]


def ok(check: str, told: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Verdict.OK, told)


def warning(check: str, told: str, advice: str) -> Finding:
    """It works, and somebody should look after it."""
    return Finding(check, Verdict.WARNING, told, advice)


def failed(check: str, told: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(check, Verdict.FAILED, told, advice)


def refused(check: str, text: str, advice: str) -> Finding:
    """It does not work, as an error says whose text ends in `; what to do`.

    Args:
        text: Of the error.
        advice: What to do where the text does not say.
    """
    what, separator, own = text.rpartition("; ")
    return failed(check, what if separator else text, own if separator else advice)


def unknown(check: str, told: str, advice: str = "") -> Finding:
    """It cannot be told here."""
    return Finding(check, Verdict.UNKNOWN, told, advice)


def table(findings: Sequence[Finding]) -> str:
    """The findings for people, one aligned line each, advice on a line of its own below."""
    width = max((len(finding.check) for finding in findings), default=0)
    lines = []
    for finding in findings:
        mark = finding.verdict.upper() if finding.verdict is Verdict.FAILED else finding.verdict
        shown = f"{mark:8}  {one_line(finding.check):{width}}"
        lines.append(f"{shown}  {one_line(finding.told)}")
        if finding.advice:
            lines.append(f"{'':10}{'':{width}}  -> {one_line(finding.advice)}")
    return "\n".join(lines)


def summary(findings: Sequence[Finding]) -> str:
    """How many there are of each verdict: `2 failed, 1 warning, 9 ok`."""
    words = {Verdict.FAILED: "failed", Verdict.WARNING: "warning", Verdict.UNKNOWN: "unknown"}
    counts = [
        f"{number} {word}{'s' if word == 'warning' and number > 1 else ''}"
        for verdict, word in (words | {Verdict.OK: "ok"}).items()
        if (number := sum(finding.verdict is verdict for finding in findings))
    ]
    return ", ".join(counts)
