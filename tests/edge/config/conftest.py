"""Loading a configuration from texts, and from nothing that this machine has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import Config, load


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Config]:
    """Loads a TOML text, environment and settings."""

    def load_text(
        text: str | None = None,
        environment: dict[str, str] | None = None,
        settings: dict[str, str] | None = None,
    ) -> Config:
        path = None if text is None else tmp_path / "config.toml"
        if path is not None and text is not None:
            path.write_text(text, encoding="utf-8")
        return load(path, environment or {}, settings)

    return load_text


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One path for all examples of a property."""
    return tmp_path_factory.mktemp("config") / "config.toml"
