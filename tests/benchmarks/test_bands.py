"""What a machine's figures were before, and what is said of those that changed."""

from __future__ import annotations

import dataclasses
import math
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmarks import bands
from benchmarks.bands import HEAD, file_of, read_bands, remember, verdicts
from benchmarks.result import Figure
from benchmarks.verdict import BAND, TOLERANCE, judge, ratio
from edge.errors import DataError, OutputError
from edge.message import one_line

ways = st.sampled_from(["lower", "higher", "none"])
amounts = st.floats(1e-6, 1e9)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bands, "REFERENCE", tmp_path / "reference")
    return tmp_path / "reference"


def told(*figures: Figure, machine: str = "Board 4", benchmark: str = "latency") -> dict[str, Any]:
    """A result as `read` returns it, of what matters here."""
    return {
        "benchmark": benchmark,
        "machine": {"machine": machine},
        "taken": "2026-11-21T10:00:00+00:00",
        "commit": "c0ffee",
        "figures": [dataclasses.asdict(figure) for figure in figures],
    }


# -- one figure


@pytest.mark.parametrize(
    ("value", "before", "better", "verdict"),
    [
        (130.0, 100.0, "lower", "same"),
        (70.0, 100.0, "lower", "same"),
        (131.0, 100.0, "lower", "worse"),
        (69.0, 100.0, "lower", "better"),
        (131.0, 100.0, "higher", "better"),
        (69.0, 100.0, "higher", "worse"),
        (131.0, 100.0, "none", "changed"),
        (69.0, 100.0, "none", "changed"),
        (0.0, 0.0, "lower", "same"),
        (0.1, 0.0, "lower", "worse"),
        (0.1, 0.0, "higher", "better"),
        (-0.1, 0.0, "lower", "better"),
        (-131.0, -100.0, "lower", "better"),
        (-69.0, -100.0, "lower", "worse"),
        (-110.0, -100.0, "lower", "same"),
        (0.0, 100.0, "lower", "better"),
    ],
)
def test_both_sides_of_the_band_are_told(
    value: float, before: float, better: Any, verdict: str
) -> None:
    assert judge(Figure("a", value, "ms", better), before) == verdict


@given(value=amounts, before=amounts, better=ways, timed=st.booleans())
def test_a_verdict_turns_with_the_way_that_is_better(
    value: float, before: float, better: Any, timed: bool
) -> None:
    verdict = judge(Figure("a", value, "ms", better, timed), before)
    reach = BAND if timed else TOLERANCE
    assume(not math.isclose(abs(value / before - 1), reach, rel_tol=1e-6))
    if abs(value / before - 1) < reach:
        assert verdict == "same"
    elif better == "none":
        assert verdict == "changed"
    else:
        assert verdict == ("better" if (value < before) == (better == "lower") else "worse")


def test_what_no_clock_decides_has_a_small_tolerance() -> None:
    accuracy = Figure("accuracy", 65.36, "%", "higher", timed=False)
    assert judge(accuracy, 65.40) == "same"
    assert judge(accuracy, 65.50) == "worse"
    assert judge(accuracy, 65.20) == "better"
    assert judge(Figure("alerts", 9, "alerts", "higher", timed=False), 10) == "worse"


@pytest.mark.parametrize(
    "pair", [(0.0, 5.0), (5.0, 0.0), (-1.0, 5.0), (5.0, -1.0), (1e308, 1e-308)]
)
def test_a_ratio_that_says_nothing_is_none(pair: tuple[float, float]) -> None:
    assert ratio(*pair) is None
    assert verdicts(told(Figure("a", pair[0], "ms")), {("latency", "a"): pair[1]})


# -- a result


def test_every_figure_outside_is_named_and_those_inside_counted() -> None:
    before = {("latency", name): 100.0 for name in ("slow", "fast", "same", "rate", "gone")}
    before |= {("peers", "new"): 1.0, ("latency", "untimed"): 1.0}
    now = told(
        Figure("slow", 200.0, "ms"),
        Figure("fast", 50.0, "ms"),
        Figure("same", 110.0, "ms"),
        Figure("rate", 50.0, "frames a second", "higher"),
        Figure("new", 50.0, "ms"),
        Figure("untimed", 50.0, "%", timed=False),
    )
    assert verdicts(now, before) == [
        "slow: 200 ms, 2 times this machine's reference 100: worse",
        "fast: 50 ms, 0.5 times this machine's reference 100: unexpectedly good",
        "rate: 50 frames a second, 0.5 times this machine's reference 100: worse",
        "1 of 4 figures within 30% of reference",
    ]


def test_without_a_reference_nothing_is_said() -> None:
    assert verdicts(told(Figure("a", 1, "ms")), read_bands("Board 4")) == []


def test_a_reference_of_nothing_gives_no_ratio() -> None:
    assert verdicts(told(Figure("drops", 3, "frames")), {("latency", "drops"): 0.0})[0] == (
        "drops: 3 frames, instead of this machine's reference 0: worse"
    )


# -- machines


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Raspberry Pi 4 Model B Rev 1.4", "raspberry-pi-4-model-b-rev-1-4.csv"),
        ("Intel(R) Xeon(R) Processor @ 2.10GHz", "intel-r-xeon-r-processor-2-10ghz.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("", "unknown.csv"),
        ("///", "unknown.csv"),
        ("树莓派", "树莓派.csv"),
    ],
)
def test_a_machine_has_a_file(machine: str, name: str, reference: Path) -> None:
    assert file_of(machine) == reference / name


@same_folder
@given(machine=names, figure=names, benchmark=names, value=amounts)
def test_any_machine_remembers_any_figure(
    machine: str, figure: str, benchmark: str, value: float, reference: Path
) -> None:
    now = told(Figure(figure, value, "ms"), machine=machine, benchmark=benchmark)
    path = remember(now)
    assert path.parent == reference
    assert len(path.name.encode()) <= 255 - len(".4194304.")  # the name beside it is longer
    kept = read_bands(machine)[one_line(benchmark), one_line(figure)]
    assert kept == pytest.approx(value, rel=1e-5)
    assert verdicts(now, read_bands(machine)) == ["1 of 1 figures within 30% of reference"]


@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_files_name_is_plain(name: str) -> None:
    stem = file_of(name).stem
    assert stem
    assert all(letter == "-" or unicodedata.category(letter)[0] in "LNM" for letter in stem)


# -- the file


def test_remembering_keeps_the_other_figures() -> None:
    remember(told(Figure("a", 1.0, "ms"), Figure("b", 2.0, "ms")))
    path = remember(told(Figure("b", 3.0, "ms"), Figure("acc", 65.0, "%", timed=False)))
    remember(told(Figure("a", 9.0, "ms"), benchmark="peers"))
    assert read_bands("Board 4") == {
        ("latency", "a"): 1.0,
        ("latency", "b"): 3.0,
        ("peers", "a"): 9.0,
    }
    lines = path.read_text().splitlines()
    assert lines[0] == ",".join(HEAD)
    assert lines[1:] == sorted(lines[1:])
    assert lines[1] == "latency,a,1,ms,2026-11-21T10:00:00+00:00,c0ffee"


def test_remembering_the_same_changes_nothing() -> None:
    path = remember(told(Figure("b", 2.0, "ms"), Figure("a", 1.0, "ms")))
    before = path.read_bytes()
    remember(told(Figure("a", 1.0, "ms"), Figure("b", 2.0, "ms")))
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_reference_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    path = remember(told(Figure("a", 1.0, "ms")))

    def full(self: Path, *_: Any, **__: Any) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OutputError, match="No space left"):
            remember(told(Figure("a", 2.0, "ms")))
    assert read_bands("Board 4") == {("latency", "a"): 1.0}
    assert list(path.parent.iterdir()) == [path]


GOOD = f"{','.join(HEAD)}\nlatency,a,1,ms,2026,c0ffee\n"
CORRUPT = {
    "empty": "",
    "another table": "name,value\na,1\n",
    "no head": GOOD.split("\n", 1)[1],
    "a row cut short": f"{GOOD}latency,b,2\n",
    "a row too long": f"{GOOD}latency,b,2,ms,2026,c0ffee,more\n",
    "text for a value": f"{GOOD}latency,b,fast,ms,2026,c0ffee\n",
    "nan": f"{GOOD}latency,b,nan,ms,2026,c0ffee\n",
    "infinite": f"{GOOD}latency,b,1e999,ms,2026,c0ffee\n",
    "an open quote": f'{GOOD}latency,"b,2,ms,2026,c0ffee\n',
    "no UTF-8": b"\xff\xfe" + GOOD.encode(),
    "a zero byte": GOOD.encode() + b"latency,\0b,x,ms,2026,c0ffee\n",
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_reference_is_named_and_kept(content: str | bytes) -> None:
    path = file_of("Board 4")
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    for use in (lambda: read_bands("Board 4"), lambda: remember(told(Figure("a", 1.0, "ms")))):
        with pytest.raises(DataError) as caught:
            use()
        assert str(caught.value).startswith(f"{path}: cannot be read (")
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
