"""Fixtures that the tests of several packages share: what draws faces, and a real browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# how long an example takes is the machine's affair
settings.register_profile("edge-emotion", deadline=None)
settings.load_profile("edge-emotion")

TRAIN = Path(__file__).parent / "train"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

Show = Callable[[Path, int], tuple[str, list[str]]]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TRAIN / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def generated() -> ModuleType:
    """`tests/train/generated.py`."""
    return _module("generated")


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """`edge-train` with a network of two layers; see `tests/train/small_fit.py`."""
    return _module("small_fit")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Show:
    """Open a page, at a width in pixels; return its document and what the console was told."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed")

    def show(path: Path, width: int) -> tuple[str, list[str]]:
        done = subprocess.run(
            [
                *(found, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", "--enable-logging=stderr", "--log-level=0"),
                f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
                *(f"--window-size={width},2000", "--dump-dom", path.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]

    return show
