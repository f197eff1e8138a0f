"""What the tests of the second route share: the kernels, compiled once, or the reason to skip."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from train.distilled.compiled import NoKernelsError, compiled


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """A cache of the tests' own, which their subprocesses take, too."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def kernels(cache):
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    from train.distilled.kernels import Kernels

    try:
        return Kernels(compiled(cache / "edge-emotion"))
    except NoKernelsError as error:
        pytest.skip(f"no kernels here: {error}")
