"""One typed configuration: built-in values, then a TOML file, then the environment, then flags.

Every key is a field of a dataclass below, and its bounds stand beside it in `BOUNDS`. A key that is
not known is refused, since a misspelt threshold that is silently ignored is a missed alert.
"""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from edge.alerts.rule import RuleConfig
from edge.errors import ConfigError
from edge.labels import LABELS
from edge.pipeline import ExpressionConfig
from edge.toml_text import key_lines
from edge.vision.baseline import MODES
from edge.vision.detect import DetectionConfig
from edge.vision.expression import RUNTIMES
from edge.vision.track import TrackingConfig

ENVIRONMENT_PREFIX = "EDGE_RUN_"


@dataclass(frozen=True)
class CameraConfig:
    """Where frames come from.

    Attributes:
        source: See `edge-run --help`.
        width, height, fps: Asked of cameras that can be asked.
        timeout: Seconds without a frame after which the camera counts as lost.
    """

    source: str = "0"
    width: int = 640
    height: int = 480
    fps: float = 10.0
    timeout: float = 10.0


@dataclass(frozen=True)
class ModelConfig:
    """Which model reads faces.

    Attributes:
        path: A model file or card; empty for the shipped one.
        runtime: `litert`, `tflite`, `onnx`; empty for the first that fits.
        threads: For the interpreter.
    """

    path: str = ""
    runtime: str = ""
    threads: int = 1


@dataclass(frozen=True)
class Config:
    """Everything `edge-run` can be told."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    rules: Mapping[str, RuleConfig] = field(default_factory=lambda: {"anger": RuleConfig()})


BOUNDS: Mapping[str, tuple[float, float]] = {
    "camera.width": (64, 8192),
    "camera.height": (64, 8192),
    "camera.fps": (0.1, 240),
    "camera.timeout": (0.5, 3600),
    "model.threads": (1, 64),
    "detection.width": (64, 8192),
    "detection.min_face": (0.01, 1),
    "detection.scale": (1.01, 2),
    "detection.neighbours": (0, 50),
    "detection.near_margin": (0.05, 2),
    "detection.full_every": (0, 60),
    "detection.idle_every": (0, 60),
    "tracking.reach": (0.05, 5),
    "tracking.growth": (1.01, 10),
    "tracking.confirm": (1, 100),
    "tracking.keep": (0, 60),
    "expression.every": (0, 10),
    "expression.smoothing": (0, 60),
    "rules.*.on": (0, 1),
    "rules.*.off": (0, 1),
    "rules.*.seconds": (0, 600),
    "rules.*.share": (0, 1),
    "rules.*.clear": (0, 600),
    "rules.*.repeat": (0, 86400),
    "rules.*.cap": (0, 3600),
    "rules.*.weights.*": (0, 1),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "model.runtime": ("", *RUNTIMES),
    "expression.baseline": MODES,
    "rules.*.emotion": LABELS,
}


def load(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration.

    Args:
        path: A TOML file, if any.
        environment: `EDGE_RUN_CAMERA_SOURCE=1` and the like; the process's own if None.
        settings: From flags, by dotted key: `{"rules.anger.on": "0.7"}`.

    Raises:
        ConfigError: anything is unknown, of the wrong type or out of bounds; the message names
            the file and line, the variable or the flag.
    """
    origin: dict[str, str] = {}
    values: dict[str, Any] = {}
    if path is not None:
        values, origin = _read_file(path)
    environment = os.environ if environment is None else environment
    given = {
        key: (name, text)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
        for key in [_key_of_variable(name, values)]
    }
    given |= {key: (f"--set {key}", text) for key, text in (settings or {}).items()}
    for key, (where, text) in given.items():
        _put(values, key, text, where)
        origin[key] = where
    return _build(values, origin)


def _read_file(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The file's values, and for each dotted key the line it stands on."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check --config") from error
    except (ValueError, RecursionError) as error:  # also of a number of thousands of digits
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return values, {key: f"{path}, line {line}" for key, line in key_lines(text).items()}


def _key_of_variable(name: str, values: Mapping[str, Any]) -> str:
    """`EDGE_RUN_RULES_ANGER_ON` is `rules.anger.on`.

    Raises:
        ConfigError: no key is spelled like that.
    """
    wanted = name.removeprefix(ENVIRONMENT_PREFIX).lower()
    rules = values.get("rules")
    for key in _known_keys(tuple(rules) if isinstance(rules, Mapping) else ("anger",)):
        if key.replace(".", "_").replace("-", "_").lower() == wanted:
            return key
    raise ConfigError(f"{name}: no configuration key is spelled like that; see --print-config")


def _known_keys(rules: tuple[str, ...]) -> list[str]:
    keys = [
        f"{section.name}.{key.name}"
        for section in fields(Config)
        if section.name != "rules"
        for key in fields(get_type_hints(Config)[section.name])
    ]
    for rule in rules:
        keys += [f"rules.{rule}.{key.name}" for key in fields(RuleConfig) if key.name != "weights"]
        keys += [f"rules.{rule}.weights.{label}" for label in LABELS]
    return keys


def _put(values: dict[str, Any], key: str, text: str, where: str) -> None:
    """Set a dotted key; the text is read as TOML where it is one, else taken as it stands."""
    *path, last = key.split(".")
    table = values
    if path and path[0] == "rules" and "rules" not in values:
        values["rules"] = {"anger": {}}  # the built-in rule, to be changed rather than replaced
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: {part} is not a table")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):
        value = text
    # camera 0 and a model folder named 1 are texts, whatever they look like
    table[last] = value if isinstance(value, str) or not _is_text(key) else text


def _is_text(key: str) -> bool:
    """Whether a dotted key holds text."""
    section, _, rest = key.partition(".")
    kind = RuleConfig if section == "rules" else get_type_hints(Config).get(section)
    return kind is not None and get_type_hints(kind).get(rest.rpartition(".")[2]) is str


def _build(values: Mapping[str, Any], origin: Mapping[str, str]) -> Config:
    hints = get_type_hints(Config)
    sections: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise ConfigError(
                _at(origin, name) + f"unknown table or key {name!r}; see --print-config"
            )
        if not isinstance(value, Mapping):
            raise ConfigError(_at(origin, name) + f"{name} is a table: write [{name}]")
        if name == "rules":
            _check_names(value, origin)
            sections[name] = {
                rule: _section(RuleConfig, f"rules.{rule}", table, origin)
                for rule, table in value.items()
            }
        else:
            sections[name] = _section(hints[name], name, value, origin)
    config = Config(**sections)
    for name, rule in config.rules.items():
        if rule.off > rule.on:
            raise ConfigError(
                _at(origin, f"rules.{name}.off", f"rules.{name}.on", f"rules.{name}")
                + f"rules.{name}: off = {rule.off:g} must not be above on = {rule.on:g}"
            )
    return config


def _check_names(rules: Mapping[str, Any], origin: Mapping[str, str]) -> None:
    for rule in rules:
        if not re.fullmatch(r"[\w-]+", rule):  # a dot would make its keys ambiguous
            raise ConfigError(
                _at(origin, f"rules.{rule}", "rules")
                + f"a rule cannot be named {rule!r}; use letters, digits, - and _"
            )


def _section(kind: Any, name: str, table: Any, origin: Mapping[str, str]) -> Any:
    if not isinstance(table, Mapping) or not is_dataclass(kind):
        raise ConfigError(_at(origin, name) + f"{name} is a table: write [{name}]")
    hints = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        dotted = f"{name}.{key}"
        if key not in hints:
            raise ConfigError(
                _at(origin, dotted, name) + f"unknown key {key!r} in [{name}]; "
                f"known: {', '.join(hints)}"
            )
        values[key] = _value(hints[key], dotted, value, origin)
    made: Any = kind
    return made(**values)


def _value(kind: Any, key: str, value: Any, origin: Mapping[str, str]) -> Any:
    """Check one value's type and bounds."""
    general = re.sub(r"^rules\.[^.]+", "rules.*", key)
    where = _at(origin, key, key.rpartition(".")[0]) + f"{key} = {_shown(value)}"
    if general == "rules.*.weights":
        return _weights(key, value, origin)
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**63 else math.inf
    if type(value) is not kind:
        raise ConfigError(f"{where}: must be {_NAMES[kind]}")
    if general in BOUNDS:
        low, high = BOUNDS[general]
        if not low <= value <= high:
            raise ConfigError(f"{where}: must lie in {low:g} to {high:g}")
    if general in CHOICES and value not in CHOICES[general]:
        allowed = ", ".join(choice or '""' for choice in CHOICES[general])
        raise ConfigError(f"{where}: must be one of {allowed}")
    return value


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except (ValueError, RecursionError):  # thousands of digits, or of tables in each other
        return "..."


_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def _weights(key: str, value: Any, origin: Mapping[str, str]) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ConfigError(_at(origin, key) + f"{key} is a table: {{ angry = 1.0, disgust = 0.5 }}")
    for emotion in value:
        if emotion not in LABELS:
            raise ConfigError(
                _at(origin, f"{key}.{emotion}", key)
                + f"{key}: unknown emotion {emotion!r}; known: {', '.join(LABELS)}"
            )
    low, high = BOUNDS["rules.*.weights.*"]
    weights = {}
    for emotion, weight in value.items():
        if type(weight) not in (int, float) or not low <= weight <= high:
            raise ConfigError(
                _at(origin, f"{key}.{emotion}", key)
                + f"{key}.{emotion} = {_shown(weight)}: must lie in {low:g} to {high:g}"
            )
        weights[emotion] = float(weight)
    return weights


def _at(origin: Mapping[str, str], *keys: str) -> str:
    """Where the first of these keys that is known to stand somewhere stands."""
    for key in keys:
        if key in origin:
            return f"{origin[key]}: "
    return ""
