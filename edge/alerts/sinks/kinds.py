"""The kinds of sink by the name that `type` gives them, and what each needs to be there.

Light to import: only the configuration of each kind. What sends is loaded by `make`, and the
library that it sends with at the first notification, so that nobody pays for what is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from edge.alerts.sinks import apprise_sink, command, gpio, jsonl, mqtt, webhook
from edge.alerts.sinks.base import Sink, SinkConfig


@dataclass(frozen=True)
class Kind:
    """One kind of sink.

    Attributes:
        config: Its configuration; `BOUNDS` and `CHOICES` of that class's module hold its limits.
        make: `make(name, config, device)` gives the sink, nothing opened yet. Secrets are plain
            values by then. Raises `ConfigError` where the configuration can never work.
        library: The optional library that it sends with, '' for none.
        install: The command that installs it.
    """

    config: type[SinkConfig]
    make: Callable[[str, Any, str], Sink]
    library: str = ""
    install: str = ""

    def missing(self) -> str:
        """What to install before this kind can send, as a sentence; '' for nothing."""
        if not self.library or find_spec(self.library) is not None:
            return ""
        return f"{self.library} is not installed; run {self.install}"


KINDS: Mapping[str, Kind] = {
    "webhook": Kind(webhook.WebhookConfig, webhook.make),
    "mqtt": Kind(mqtt.MqttConfig, mqtt.make, "paho", "pip install 'edge-emotion[mqtt]'"),
    "gpio": Kind(gpio.GpioConfig, gpio.make, "gpiozero", gpio.INSTALL),
    "command": Kind(command.CommandConfig, command.make),
    "jsonl": Kind(jsonl.JsonlConfig, jsonl.make),
    "apprise": Kind(apprise_sink.AppriseConfig, apprise_sink.make, "apprise", apprise_sink.INSTALL),
}
