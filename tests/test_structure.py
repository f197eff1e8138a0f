"""Imports run downwards only; what runs on the device stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("edge", "train", "convert", "benchmarks")
HEAVY = ("tensorflow", "keras", "tf2onnx", "onnx", "torch", "skimage", "hypothesis", "pytest")
NUMPY_ONLY = (
    "train.data",
    "train.metrics",
    "train.shares",
    "train.significance",
    "train.subgroups",
    "train.table",
    "train.task",
)


@dataclass(frozen=True)
class Import:
    """One import: who, whom, on which line, and whether it is done on loading."""

    source: str
    target: str
    line: int
    eager: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


@cache
def modules() -> dict[str, Path]:
    """Every module of the packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _within(node: ast.AST, eager: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        later = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield child, eager and not later
        yield from _within(child, eager and not later)


def _targets(node: ast.AST, source: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{source}:{node.lineno}: relative import"
        base = node.module or ""
        inner = [f"{base}.{alias.name}" for alias in node.names]
        return [name if name in modules() else base for name in inner]
    return []


@cache
def imports() -> tuple[Import, ...]:
    found = []
    for source, path in modules().items():
        for node, eager in _within(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _targets(node, source):
                found.append(Import(source, target, getattr(node, "lineno", 0), eager))
    return tuple(dict.fromkeys(found))


def lies_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def wrong(source: str | tuple[str, ...], *forbidden: str, eager: bool = False) -> list[str]:
    """The imports of these packages that they must not do; only those on loading if `eager`."""
    sources = (source,) if isinstance(source, str) else source
    return [
        str(one)
        for one in imports()
        if lies_in(one.source, *sources)
        and lies_in(one.target, *forbidden)
        and not lies_in(one.target, *sources)
        and (one.eager or not eager)
    ]


def test_there_is_something_to_look_at() -> None:
    assert set(PACKAGES) <= set(modules())
    assert "edge.vision.track" in {
        one.target for one in imports() if one.source == "edge.pipeline" and one.eager
    }
    assert any(one.target == "edge.service" and not one.eager for one in imports())


@pytest.mark.parametrize(
    ("source", "forbidden"),
    [
        ("edge", ("train", "convert", "benchmarks", "tests", *HEAVY)),
        ("train", ("convert", "benchmarks", "tests")),
        ("convert", ("benchmarks", "tests")),
        ("benchmarks", ("tests",)),
    ],
)
def test_imports_run_downwards_only(source: str, forbidden: tuple[str, ...]) -> None:
    assert wrong(source, *forbidden) == []


def test_one_benchmark_converts_what_it_trained() -> None:
    """The others measure files that are there."""
    found = wrong("benchmarks", "convert")
    assert [text for text in found if not text.startswith("benchmarks.one_architecture:")] == []


def test_benchmarks_load_without_the_trainer() -> None:
    """Beyond what needs numpy only, whatever measures the Keras model imports it when it does."""
    eager = [one for one in imports() if lies_in(one.source, "benchmarks") and one.eager]
    too_much = [str(one) for one in eager if lies_in(one.target, "train", *HEAVY)]
    assert [text for text in too_much if text.rpartition(" ")[2] not in NUMPY_ONLY] == []


def test_what_needs_numpy_only_stays_so() -> None:
    """Through everything that they import in turn."""
    waiting, seen = list(NUMPY_ONLY), set[str]()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        targets = {one.target for one in imports() if one.source == module and one.eager}
        assert not [name for name in targets if lies_in(name, *HEAVY, "cv2")], module
        waiting += (targets & set(modules())) - seen


@pytest.mark.parametrize("room", ["edge.camera", "edge.alerts", "edge.web"])
def test_rooms_know_neither_each_other_nor_the_service(room: str) -> None:
    others = {"edge.camera", "edge.alerts", "edge.web"} - {room}
    assert wrong(room, *others, "edge.service", "edge.cli") == []


@pytest.mark.parametrize(
    ("floor", "above"),
    [
        ("edge.vision", ("edge.pipeline", "edge.service", "edge.cli", "edge.config", "edge.show")),
        ("edge.vision", ("edge.camera", "edge.alerts", "edge.web")),
        ("edge.pipeline", ("edge.service", "edge.cli", "edge.config", "edge.alerts", "edge.web")),
        ("edge.service", ("edge.cli", "edge.supervisor")),
        ("edge.watch", ("edge.service", "edge.supervisor", "edge.cli")),
        ("edge.config", ("edge.watch", "edge.service", "edge.supervisor", "edge.cli")),
    ],
    ids=["vision", "vision rooms", "pipeline", "service", "watch", "config"],
)
def test_a_floor_does_not_know_those_above(floor: str, above: tuple[str, ...]) -> None:
    assert wrong(floor, *above) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_cycles(package: str) -> None:
    graph: dict[str, set[str]] = {}
    for one in imports():
        if lies_in(one.source, package) and lies_in(one.target, package):
            graph.setdefault(one.source, set()).add(one.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' <- '.join(error.args[1])}")


PURE = (
    "edge.alerts.notification",
    "edge.alerts.rule",
    "edge.alerts.schedule",
    "edge.alerts.sight",
    "edge.alerts.sinks.alert_states",
    "edge.alerts.sinks.discovery",
    "edge.alerts.sinks.http_headers",
    "edge.alerts.sinks.mqtt_topics",
    "edge.alerts.sinks.signature",
    "edge.alerts.telling",
    "edge.backoff",
    "edge.camera.changes",
    "edge.camera.hysteresis",
    "edge.camera.judge",
    "edge.camera.mask",
    "edge.camera.picture",
    "edge.camera.reconnect",
    "edge.camera.state",
    "edge.checks",
    "edge.health.flood",
    "edge.health.healthz",
    "edge.hours",
    "edge.report",
    "edge.status",
    "edge.vision.baseline",
    "edge.vision.motion",
    "edge.vision.smooth",
    "edge.vision.track",
)


@pytest.mark.parametrize("module", PURE)
def test_pure_logic_knows_no_clock_thread_or_file(module: str) -> None:
    impure = ("time", "datetime", "threading", "socket", "os", "pathlib", "logging", "subprocess")
    assert wrong(module, *impure) == []


CHILD = f"""
import sys
from edge.cli import main
try:
    main(["--version"])
except SystemExit as end:
    assert end.code == 0
assert main(["--print-config"]) == 0
loaded = {{name.partition(".")[0] for name in sys.modules}}
print("loaded:", *sorted(loaded & {{*{(*HEAVY, "train", "convert", "benchmarks")!r}}}))
"""


def test_the_command_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    version, *config, loaded = done.stdout.splitlines()
    assert version.startswith("edge-run ")
    assert "[camera]" in config
    assert loaded == "loaded:"
