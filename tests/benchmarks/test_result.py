"""A result is kept whole, and what is none is refused in one line."""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.cli import main
from benchmarks.commands import common
from benchmarks.commit import commit
from benchmarks.result import Figure, envelope, figures_of
from benchmarks.result_file import read, write
from edge.errors import DataError, OutputError
from edge.files import sha256

FIGURES = [
    Figure("frame/p50", 5.25, "ms"),
    Figure("accuracy", 65.4, "%", "higher", timed=False),
    Figure("faces", 3589, "faces", "none", timed=False),
]
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
plain_numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**300), 10**300)
trees = st.recursive(
    st.none() | st.booleans() | plain_numbers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return envelope("latency", {"p50": [5.25, 5.5]}, FIGURES, warnings=["busy"])


def refusal(path: Path) -> str:
    """The one line that says why `path` is no result."""
    with pytest.raises(DataError) as caught:
        read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


def test_what_was_written_is_read(told: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path / "new" / "one.json", told)
    assert read(tmp_path / "new" / "one.json") == told
    assert figures_of(told) == FIGURES
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.json"]


@same_folder
@given(measured=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), trees))
def test_anything_that_json_holds_comes_back(
    told: dict[str, Any], tmp_path: Path, measured: dict[str, Any]
) -> None:
    write(tmp_path / "one.json", told | {"measured": measured})
    assert read(tmp_path / "one.json")["measured"] == measured


def test_what_is_no_number_is_kept_as_null_and_named(tmp_path: Path) -> None:
    measured = {"slope": math.nan, "by size": [{"p50": 1.0}, {"p50": math.inf}], "pair": (1, 2)}
    found = envelope("soak", measured, [], warnings=["busy"])
    assert found["measured"] == {
        "slope": None,
        "by size": [{"p50": 1.0}, {"p50": None}],
        "pair": [1, 2],
    }
    assert found["warnings"][0] == "busy"
    assert [line.split(" ")[0] for line in found["warnings"][1:]] == [
        "measured.slope",
        "measured.by",
    ]
    write(tmp_path / "one.json", found)
    assert read(tmp_path / "one.json") == found


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ([Figure("a", 1, "ms"), Figure("b", 1, "ms"), Figure("a", 2, "ms")], "are called a"),
        ([Figure("a", math.nan, "ms")], "a is not a number"),
        ([Figure("a", -math.inf, "ms")], "a is not a number"),
    ],
    ids=["twice", "nan", "infinite"],
)
def test_figures_that_cannot_be_compared_are_a_mistake(figures: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        envelope("latency", {}, figures)


def test_files_are_kept_by_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"a")
    found = envelope("latency", {}, [], [tmp_path / "a.tflite"])
    assert found["files"] == {"a.tflite": sha256(tmp_path / "a.tflite")}


# -- files that are no result


@same_folder
@given(data=st.data())
def test_a_result_cut_short_is_refused(
    told: dict[str, Any], tmp_path: Path, data: st.DataObject
) -> None:
    whole = json.dumps(told)
    end = data.draw(st.integers(0, len(whole) - 1))
    (tmp_path / "cut.json").write_text(whole[:end])
    assert "is no result of edge-bench" in refusal(tmp_path / "cut.json")


@same_folder
@given(other=trees)
def test_other_json_is_refused(tmp_path: Path, other: Any) -> None:
    (tmp_path / "other.json").write_text(json.dumps(other))
    refusal(tmp_path / "other.json")


@same_folder
@given(content=st.binary(max_size=40))
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bytes.json").write_bytes(content)
    refusal(tmp_path / "bytes.json")


@pytest.mark.parametrize("other", [0, 2, None, "1", [1], 1.5])
def test_another_format_says_which(told: dict[str, Any], tmp_path: Path, other: Any) -> None:
    (tmp_path / "old.json").write_text(json.dumps(told | {"format": other}))
    line = refusal(tmp_path / "old.json")
    assert f"has format {other!r}, this version reads 1" in line


HARM: dict[str, tuple[tuple[str | int, ...], str]] = {
    "nan": (("figures", 0, "value"), "NaN"),
    "infinite": (("figures", 0, "value"), "-Infinity"),
    "a float too large": (("figures", 0, "value"), "1e999"),
    "an integer too large": (("figures", 0, "value"), "1" + 400 * "0"),
    "an integer nobody can read": (("figures", 0, "value"), 5000 * "9"),
    "a truth": (("figures", 0, "value"), "true"),
    "text for a number": (("figures", 0, "value"), '"5"'),
    "no name": (("figures", 0, "name"), '""'),
    "a list for a name": (("figures", 0, "name"), "[]"),
    "a number for a unit": (("figures", 0, "unit"), "3"),
    "sideways": (("figures", 0, "better"), '"sideways"'),
    "a list for better": (("figures", 0, "better"), "[]"),
    "timed perhaps": (("figures", 0, "timed"), '"yes"'),
    "a name twice": (("figures", 0, "name"), '"accuracy"'),
    "a figure that is text": (("figures", 0), '"fast"'),
    "figures by name": (("figures",), "{}"),
    "nan among what was measured": (("measured", "p50", 0), "NaN"),
    "a list of machines": (("machine",), "[]"),
    "a machine without a name": (("machine", "machine"), '""'),
    "a machine of numbers": (("machine", "cores"), "2"),
    "a warning that is none": (("warnings", 0), "{}"),
    "a hash that is none": (("files",), '{"a.tflite": null}'),
    "half a letter": (("benchmark",), '"\\ud800"'),
    "no benchmark": (("benchmark",), "null"),
    "nested too deep": (("measured", "p50"), 100_000 * "[" + 100_000 * "]"),
}


@pytest.mark.parametrize(("place", "text"), HARM.values(), ids=HARM)
def test_a_damaged_result_is_refused(
    told: dict[str, Any], tmp_path: Path, place: tuple[str | int, ...], text: str
) -> None:
    harmed: Any = copy.deepcopy(told)
    inner = harmed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "<here>"
    (tmp_path / "harmed.json").write_text(json.dumps(harmed).replace('"<here>"', text))
    assert "is no result of edge-bench" in refusal(tmp_path / "harmed.json")


@pytest.mark.parametrize("part", [*envelope("latency", {}, [])])
def test_a_result_without_a_part_is_refused(
    told: dict[str, Any], tmp_path: Path, part: str
) -> None:
    (tmp_path / "less.json").write_text(json.dumps({k: v for k, v in told.items() if k != part}))
    assert part in refusal(tmp_path / "less.json")


def test_an_unknown_cell_of_a_figure_stays_on_one_line(
    told: dict[str, Any], tmp_path: Path
) -> None:
    figure = told["figures"][0] | {"two\nlines": 1}
    (tmp_path / "one.json").write_text(json.dumps(told | {"figures": [figure]}))
    assert "two\\nlines" in refusal(tmp_path / "one.json")


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.json")
    assert "directory" in refusal(tmp_path)


# -- of which commit


def git(folder: Path, *words: str) -> str:
    told = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_a_checkout_tells_its_commit_and_whether_files_differ(checkout: Path) -> None:
    told = commit(checkout)
    assert git(checkout, "rev-parse", "HEAD").startswith(told)
    assert len(told) == 12
    (checkout / "new").write_text("not git's business")
    assert commit(checkout) == told
    (checkout / "file").write_text("two")
    assert commit(checkout) == f"{told}+changes"


def test_outside_a_checkout_nothing_is_claimed(tmp_path: Path, checkout: Path) -> None:
    assert commit(tmp_path / "nowhere") == "unknown"
    (checkout / "site-packages").mkdir()  # someone else's checkout
    assert commit(checkout / "site-packages") == "unknown"


def test_before_the_first_commit_nothing_is_claimed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert commit(tmp_path) == "unknown"


def test_without_git_nothing_is_claimed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout / "empty"))
    assert commit(checkout) == "unknown"


def test_the_environment_of_a_hook_names_no_other_checkout(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("GIT_DIR", str(checkout / ".git"))
    assert commit(elsewhere) == "unknown"


# -- the way out of a command


def finished(*flags: str, warnings: tuple[str, ...] = ()) -> int:
    """End a command with a result of `FIGURES`."""
    parser = argparse.ArgumentParser()
    common.add_output(parser)
    arguments = parser.parse_args(flags)
    return common.finish(arguments, "latency", {}, lambda _: "as text", FIGURES, (), warnings)


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("benchmarks.bands.REFERENCE", tmp_path / "reference")
    return tmp_path / "reference"


def test_a_result_is_printed_kept_and_remembered(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "one.json"
    assert finished("--out", str(out), "--remember") == 0
    printed, said = capsys.readouterr()
    assert printed.startswith("as text\n\non machine ")
    assert f"{out}: written" in said
    assert "remembers these figures\n" in said
    assert figures_of(read(out)) == FIGURES
    assert len(list(reference.iterdir())) == 1
    assert finished(warnings=("busy",)) == 0
    said = capsys.readouterr().err
    assert said.splitlines() == ["warning: busy", "1 of 1 figures within 30% of reference"]


def test_a_doubtful_reference_says_so(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished("--remember", warnings=("busy",))
    assert "remembers these figures, in spite of the warnings" in capsys.readouterr().err
    assert reference.is_dir()


def test_json_is_printed_alone(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished("--json")
    (tmp_path / "printed.json").write_text(capsys.readouterr().out)
    assert figures_of(read(tmp_path / "printed.json")) == FIGURES
    assert not reference.exists()


@pytest.mark.parametrize("kind", ["folder", "below a file"])
def test_a_place_that_cannot_be_written_is_refused_before_measuring(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path if kind == "folder" else tmp_path / "file" / "one.json"
    with pytest.raises(SystemExit) as ended:
        main(["startup", "--out", str(out)])
    assert ended.value.code == 64
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(out) in said
    assert "run 1" not in said


def test_a_disk_that_is_full_leaves_the_old_result(
    told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.json"
    write(path, told)

    def full(self: Path, *_: Any, **__: Any) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space left"):
        write(path, told | {"commit": "other"})
    monkeypatch.undo()
    assert read(path) == told
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


def test_a_result_does_not_take_a_devices_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(argparse.ArgumentTypeError, match="is no ordinary file"):
        common.new_file(str(pipe))
