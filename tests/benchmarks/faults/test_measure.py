"""The faults in turn: nothing passed over in silence, and a loss ends the command with an error."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import cli
from benchmarks.faults import as_text, measure
from benchmarks.faults.measure import FAULTS, QUICK, NotHereError, Plan

FOLDER = Path(sys.modules["benchmarks.faults"].__file__ or "").parent
PARTS = {"__init__", "measure", "told", "page"}  # and what the modules share, which has no measure


def stand_in(row: dict[str, Any] | None, why: str = "") -> ModuleType:
    module = ModuleType("stand_in")

    def measured(*_: object, **__: object) -> dict[str, Any]:
        if row is None:
            raise NotHereError(why)
        return {"rows": [row]}

    module.measure = measured  # type: ignore[attr-defined]
    return module


ROW = {"fault": "pulled", "times": 1000, "lost": 0, "doubled": 0, "told": "nothing"}


def test_every_module_that_measures_is_run() -> None:
    measuring = {
        path.stem
        for path in FOLDER.glob("*.py")
        if path.stem not in PARTS and "\ndef measure(" in path.read_text(encoding="utf-8")
    }
    assert measuring == set(FAULTS)


def test_what_cannot_be_tried_here_is_told(monkeypatch) -> None:
    modules = {"kill": stand_in(ROW), "broker": stand_in(None, "mosquitto is not installed")}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, f"benchmarks.faults.{name}", module)
    measured = measure(Plan(), ("kill", "broker"))
    assert [row["module"] for row in measured["rows"]] == ["kill"]
    text = as_text(measured)
    assert "| pulled | 1,000 | 0 | 0 | nothing |" in text
    assert text.endswith("Not tried here: broker: mosquitto is not installed")


@pytest.mark.parametrize(("bad", "code"), [({}, 0), ({"lost": 1}, 70), ({"doubled": 2}, 70)])
def test_a_loss_is_an_error_and_the_page_is_written_all_the_same(
    bad: dict[str, int], code: int, monkeypatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.faults.kill", stand_in(ROW | bad))
    page = tmp_path / "RESULTS.md"
    assert cli.main(["faults", "kill", "--quick", "--results", str(page)]) == code
    assert "pulled" in capsys.readouterr().out
    assert "| pulled | 1,000 |" in page.read_text()


def test_a_fault_that_there_is_not_is_a_mistake(capsys) -> None:
    assert cli.main(["faults", "flood"]) == 64
    assert "there are kill, broker" in capsys.readouterr().err


def test_a_quick_look_does_less_of_everything() -> None:
    assert all(getattr(QUICK, name) <= value for name, value in vars(Plan()).items())
