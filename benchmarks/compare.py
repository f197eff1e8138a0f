"""Two results of one benchmark side by side: what changed, and whether that is for the better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.result import Figure, figures_of
from benchmarks.verdict import Verdict, judge, ratio
from benchmarks.words import WAYS, number
from edge.errors import DataError

HEAD = ("figure", "before", "after", "unit", "better", "change", "verdict")
CONDITIONS = ("governor", "throttled")  # temperature and load are never the same twice
OF_THE_MACHINE = "timed figures tell of the machines, not of the code"


@dataclass(frozen=True)
class Row:
    """One figure in both results.

    Attributes:
        figure: As it is in the second.
        before: Its value in the first.
        ratio: Second by first; None where that says nothing.
    """

    figure: Figure
    before: float
    ratio: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        differences: What else is not the same in both, a line each; told before any figure.
        rows: In the order of the second result.
        only: Names of figures that one of them lacks, as ("before" | "after", name).
        band: Within which a timed figure counts as the same.
    """

    benchmark: str
    differences: tuple[str, ...]
    rows: tuple[Row, ...]
    only: tuple[tuple[str, str], ...]
    band: float

    def count(self, verdict: Verdict) -> int:
        """How many figures have this verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def verdict(self) -> str:
        """One line for who reads nothing else."""
        told = [f"{self.count(word)} {word}" for word in ("worse", "better", "changed")]
        told += [f"{self.count('same')} of {len(self.rows)} the same"]
        lacking = f", {len(self.only)} in one of them only" if self.only else ""
        machines = any(OF_THE_MACHINE in line for line in self.differences)
        which = " on different machines" if machines else ""
        return f"{self.benchmark}{which}, band {100 * self.band:g}%: {', '.join(told)}{lacking}"


def compare(before: dict[str, Any], after: dict[str, Any], band: float) -> Comparison:
    """Set two results side by side.

    Args:
        before, after: As `benchmarks.result_file.read` returned them.
        band: The share by which a timed figure may differ and count as the same.

    Raises:
        DataError: they are of two benchmarks, or have no figure in common.
    """
    if before["benchmark"] != after["benchmark"]:
        raise DataError(
            f"the first result is of {before['benchmark']}, the second of {after['benchmark']}: "
            "compare two of one benchmark"
        )
    old = {figure.name: figure for figure in figures_of(before)}
    new = {figure.name: figure for figure in figures_of(after)}
    both = [name for name in new if name in old and new[name].unit == old[name].unit]
    if not both:
        raise DataError(f"the two results of {after['benchmark']} have no figure in common")
    return Comparison(
        benchmark=after["benchmark"],
        differences=tuple(_differences(before, after)),
        rows=tuple(_row(new[name], old[name].value, band) for name in both),
        only=(
            *(("before", name) for name in old if name not in both),
            *(("after", name) for name in new if name not in both),
        ),
        band=band,
    )


def _row(figure: Figure, before: float, band: float) -> Row:
    return Row(figure, before, ratio(figure.value, before), judge(figure, before, band))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What makes the comparison another question than that of a change in the code."""
    if before["machine"]["machine"] != after["machine"]["machine"]:
        yield f"{_named('machine', before['machine'], after['machine'])}: {OF_THE_MACHINE}"
    for part, left_out in (("machine", "machine"), ("files", "")):
        keys = dict.fromkeys([*before[part], *after[part]])
        yield from _changes(before[part], after[part], [key for key in keys if key != left_out])
    yield from _changes(before["condition"], after["condition"], CONDITIONS)
    yield from _changes(before, after, ("version", "commit"))
    for name, told in (("before", before), ("after", after)):
        yield from (f"warning of {name}: {line}" for line in told["warnings"])


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[str]:
    """What differs; nothing and an empty list are the same."""
    for key in keys:
        if (before.get(key) or None) != (after.get(key) or None):
            yield _named(key, before, after)


def _named(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"{key} differs: {_short(before.get(key))}, then {_short(after.get(key))}"


def _short(value: Any) -> str:
    """A hash by its first digits, as people quote it."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if isinstance(value, str) and len(value) == 64 and value.isalnum():
        return f"SHA-256 {value[:12]}"
    return str(value or "nothing")


def cells(row: Row) -> list[str]:
    """A row as text, in the order of `HEAD`."""
    figure = row.figure
    by_ratio = figure.timed and row.ratio is not None
    return [
        figure.name,
        number(row.before),
        number(figure.value),
        figure.unit,
        WAYS[figure.better],
        f"x {row.ratio:.2f}" if by_ratio else f"{figure.value - row.before:+.3g}",
        row.verdict,
    ]


def as_json(found: Comparison) -> dict[str, Any]:
    """All of it for machines."""
    return asdict(found) | {"verdict": found.verdict}
