"""Every benchmark fits the frame: its words, figures and charts, from a result as it is kept.

`recorded` holds a small result of each. One that no longer fits is made anew, by the benchmark's
command with a small sample and `--out`.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cli
from benchmarks.registry import BENCHMARKS, module_of
from benchmarks.report.draw import draw
from benchmarks.report.page import markdown_as_html
from benchmarks.result import figures_of
from benchmarks.result_file import read

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(params=BENCHMARKS)
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The recorded result of each."""
    result = read(RECORDED / f"{request.param}.json")
    assert result["benchmark"] == request.param
    return result


def test_every_command_that_measures_is_known() -> None:
    folder = Path(cli.__file__).parent / "commands"
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "common"}
    assert names == set(cli.COMMANDS) == {*BENCHMARKS, "compare", "report"}


def test_headlines_name_figures_that_there_are(told: dict[str, Any]) -> None:
    names = [figure.name for figure in figures_of(told)]
    headline = BENCHMARKS[told["benchmark"]].headline
    found = [pattern for pattern in headline if any(fnmatchcase(name, pattern) for name in names)]
    assert found == [one for one in headline if not one.startswith("fer/")]  # not installed


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_has_what_others_rely_on(name: str) -> None:
    module = module_of(name)
    assert BENCHMARKS[name].answers.endswith("?")
    for part in ("as_text", "figures", "charts"):
        made = getattr(module, part)
        assert next(iter(inspect.signature(made).parameters)).removeprefix("_") == "measured"
        assert made.__doc__
    assert callable(module.measure)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["whole", "quick"])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_command_takes_the_flags_that_it_is_called_with(name: str, kind: str) -> None:
    one = BENCHMARKS[name]
    data = ["--data", "there"] if one.data != "no" else []
    folder = ["--folder", "there"] if name == "architectures" else []
    flags = [name, *getattr(one, kind), *data, *folder, "--out", "new.json"]
    assert cli._parser().parse_args(flags).out == Path("new.json")


def test_its_words_are_markdown(told: dict[str, Any]) -> None:
    text = module_of(told["benchmark"]).as_text(told["measured"])
    html = markdown_as_html(text)
    assert html.count("<table>") == len(re.findall(r"(?m)^\| ?-{3}", text))


def test_its_figures_are_those_that_were_kept(told: dict[str, Any]) -> None:
    figures = module_of(told["benchmark"]).figures(told["measured"])
    assert figures == figures_of(told)
    assert figures


def test_its_charts_can_be_drawn(told: dict[str, Any]) -> None:
    for chart in module_of(told["benchmark"]).charts(told["measured"]):
        picture = draw(chart)
        assert picture is not None, chart.title
        assert chart.title in picture.alt


def test_its_help_loads_nothing_heavy() -> None:
    child = (
        "import sys\n"
        "from benchmarks.cli import _parser\n"
        "_parser()\n"
        "heavy = {'tensorflow', 'keras', 'onnxruntime', 'matplotlib', 'jinja2', 'markdown_it'}\n"
        "print(*sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_recorded_results_tell_of_no_ones_machine() -> None:
    for path in RECORDED.glob("*.json"):
        assert "/tmp" not in path.read_text()
        assert json.loads(path.read_text())["machine"]["machine"] == "Board 4"
