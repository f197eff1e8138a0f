"""Training runs on any of Keras' backends: its code names none, but for one part, PyTorch's."""

from __future__ import annotations

import ast
import ctypes
from pathlib import Path

import pytest

import train
from train.denormals import flush_denormals

TRAIN = Path(train.__file__).parent
SOURCES = sorted(TRAIN.rglob("*.py"))
PYTORCH = TRAIN / "distilled"  # a training of its own, whose steps are no backend's
NEUTRAL = [source for source in SOURCES if source.parent != PYTORCH]
BACKENDS = {"jax", "tensorflow", "torch"}
# Threads are the backend's, so setting them is the one place that must know it.
ALLOWED = {("common.py", "prepare_backend"), ("gradcam.py", "logit_gradient")}


def imported(tree: ast.AST) -> set[str]:
    """The top packages that the code imports, at the top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).split(".")[0])
    return names


@pytest.mark.parametrize("source", NEUTRAL, ids=lambda path: str(path.relative_to(TRAIN)))
def test_no_backend_is_named(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    allowed = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and (source.name, node.name) in ALLOWED
    ]
    tree.body = [node for node in tree.body if node not in allowed]
    assert not imported(tree) & BACKENDS


def test_pytorch_stays_in_its_part():
    """Only the command reaches for it, and only when it runs."""
    for source in NEUTRAL:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        modules = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        reached = {name for name in modules if name.startswith("train.distilled")}
        assert not reached or source.name == "distil.py", source


def test_imports_run_downwards():
    """Training stands on `edge` alone; its data and metrics need no Keras."""
    for source in SOURCES:
        names = imported(ast.parse(source.read_text(encoding="utf-8")))
        assert not names & {"benchmarks", "convert"}, source.name
        without_keras = {"recipe.py", "metrics.py", "table.py", "task.py", "composites.py"}
        if source.name in without_keras or source.parent.name in {"data", "audit", "collect"}:
            assert "keras" not in names, source.name


def test_flush_denormals_says_whether_it_worked():
    before = ctypes.create_string_buffer(64)
    libm = ctypes.CDLL(None)
    if not hasattr(libm, "fegetenv"):
        pytest.skip("no floating-point environment to keep")
    libm.fegetenv(before)
    try:
        assert flush_denormals() in (True, False)
        assert flush_denormals() == flush_denormals()
    finally:
        libm.fesetenv(before)
