"""What the values of each table may be, collected from the modules that the tables stand in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from edge.alerts.rule import RuleConfig
from edge.config.sections import NAMED, Config

Bounds = Mapping[str, tuple[float, float]]
Choices = Mapping[str, tuple[str, ...]]


def bounds_of(kind: type) -> Bounds:
    """By key of that dataclass, the least and the most a number may be.

    `weights.*` is for each value of the table `weights`.
    """
    return _constants(kind, "BOUNDS")


def choices_of(kind: type) -> Choices:
    """By key of that dataclass, the texts allowed."""
    return _constants(kind, "CHOICES")


def number(value: float) -> str:
    """A bound as people write it: 2592000, not 2.592e+06."""
    return f"{value:.12g}"


def _constants(kind: Any, constant: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ancestor in reversed(kind.__mro__):
        found |= getattr(sys.modules[ancestor.__module__], constant, {})
    known = {key.name for key in fields(kind)}  # a module may hold more than one table
    return {key: limit for key, limit in found.items() if key.partition(".")[0] in known}


def _dotted(constant: str) -> dict[str, Any]:
    hints = get_type_hints(Config)
    kinds = {name: kind for name, kind in hints.items() if name not in NAMED}
    kinds["rules.*"] = RuleConfig
    return {
        f"{name}.{key}": limit
        for name, kind in kinds.items()
        for key, limit in _constants(kind, constant).items()
    }


# All but the sinks', whose keys depend on their type.
BOUNDS: Bounds = _dotted("BOUNDS")
CHOICES: Choices = _dotted("CHOICES")
