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


@pytest.fixture
def resized(monkeypatch) -> None:
    """Keras' resize has this process' backend; here PyTorch's stands in for it."""
    from torch.nn.functional import interpolate

    from train.distilled import losses

    monkeypatch.setattr(
        losses, "Resize", lambda size: lambda faces: interpolate(faces, (size, size))
    )


@pytest.fixture
def seeing():
    """Makes networks that keep the `.faces` that they were asked about last."""
    from torch import nn, zeros

    class Seeing(nn.Module):
        def forward(self, faces):
            self.faces = faces
            return zeros(len(faces), 14)

    return Seeing
