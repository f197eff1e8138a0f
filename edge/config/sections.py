"""The tables of the configuration, in the order in which a technician reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from socket import gethostname
from typing import Any

from edge.alerts.config import OutboxConfig
from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.base import SinkConfig
from edge.camera.config import CameraConfig
from edge.errors import ConfigError
from edge.health.config import HealthConfig
from edge.hours import span
from edge.pipeline import ExpressionConfig
from edge.snapshots import SnapshotConfig
from edge.vision.card import DEFAULT_CARD, SHIPPED
from edge.vision.detect import DetectionConfig
from edge.vision.expression import RUNTIMES
from edge.vision.track import TrackingConfig

NAMED = ("rules", "sinks")  # tables of tables, whose names the operator chooses


@dataclass(frozen=True)
class ServiceConfig:
    """What runs for as long as the device is on (`edge-run --service`).

    Attributes:
        name: What alerts and reports call this device; empty for its host name.
        cannot_see: Seconds without a picture that can be judged after which operators are told;
            0 never.
        hours: When operators are to be told that, by the device's clock, such as "07:30-23:00";
            empty for always. A shop that puts its lights out at night wants this.
        give_up: Times that the camera's driver may hang until the service ends to be started
            afresh.
    """

    name: str = ""
    cannot_see: float = 60.0
    hours: str = ""
    give_up: int = 3

    def __post_init__(self) -> None:
        span(self.hours)

    @property
    def device(self) -> str:
        """What alerts and reports call this device, whether it was given a name or not."""
        return self.name or gethostname()


@dataclass(frozen=True)
class ModelConfig:
    """Which model reads faces.

    Attributes:
        path: A model file or card; empty for a shipped one.
        labels: Which of the shipped ones, by whose labels it follows: `ferplus` what most of FER+'s
            annotators see in a face, `fer2013` rather what FER-2013 itself calls it; empty for
            `ferplus`, and with a path of your own.
        runtime: `litert`, `tflite`, `onnx`; empty for the first that fits.
        threads: For the interpreter.
    """

    path: str = ""
    labels: str = ""
    runtime: str = ""
    threads: int = 1

    def __post_init__(self) -> None:
        if self.path and self.labels:
            raise ConfigError(
                f"path and labels = {self.labels} each name a model; leave one of them empty"
            )

    @property
    def chosen(self) -> Path:
        """The model file or card to load."""
        if self.path:
            return Path(self.path)
        return SHIPPED[self.labels] if self.labels else DEFAULT_CARD


BOUNDS: Mapping[str, tuple[float, float]] = {
    "cannot_see": (0, 86400),
    "give_up": (1, 100),
    "threads": (1, 64),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "labels": ("", *SHIPPED),
    "runtime": ("", *RUNTIMES),
}


@dataclass(frozen=True)
class Config:
    """Everything `edge-run` can be told."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    rules: Mapping[str, RuleConfig] = field(default_factory=lambda: {"anger": RuleConfig()})
    sinks: Mapping[str, SinkConfig] = field(default_factory=dict)
    service: ServiceConfig = field(default_factory=ServiceConfig)
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    outbox: OutboxConfig = field(default_factory=OutboxConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    snapshots: SnapshotConfig = field(default_factory=SnapshotConfig)


def tables(config: Config) -> Iterator[tuple[str, Any]]:
    """Every table by its dotted name, such as `camera` and `rules.anger`, in order."""
    for section in fields(config):
        value = getattr(config, section.name)
        if section.name in NAMED:
            yield from ((f"{section.name}.{name}", table) for name, table in value.items())
        else:
            yield section.name, value
