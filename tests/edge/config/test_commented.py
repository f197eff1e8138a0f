import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.kinds import KINDS
from edge.alerts.sinks.mqtt import MqttConfig
from edge.config import CameraConfig, Config, load
from edge.config.commented import EXAMPLES, commented, documented, sink_example
from edge.config.sections import NAMED

SHIPPED = Path(__file__).parents[3] / "systemd" / "config.toml"
Load = Callable[..., Config]
KINDS_OF_TABLE: list[Any] = [
    RuleConfig,
    *(type(getattr(Config(), key.name)) for key in fields(Config) if key.name not in NAMED),
    *(kind.config for kind in KINDS.values()),
]


def uncommented(text: str) -> str:
    """The text with every key taken at its word; a comment has a space behind its #."""
    return re.sub(r"(?m)^#(?=\S)", "", text)


def test_the_shipped_file_is_made_of_the_dataclasses() -> None:
    advice = "run: edge-run --print-config --commented > systemd/config.toml"
    assert SHIPPED.read_text(encoding="utf-8") == commented(Config()), advice


def test_the_shipped_file_is_the_defaults() -> None:
    assert load(SHIPPED, {}) == Config()


def test_every_key_of_the_shipped_file_stands_there_at_its_default(loaded: Load) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    before, _, behind = shipped.partition("\n#[sinks.")
    without_sinks = before + behind[behind.index("\n[service]") :]
    text = uncommented(without_sinks)
    assert loaded(text) == Config()
    for key in fields(Config):
        if key.name not in NAMED:
            block = text.partition(f"\n[{key.name}]\n")[2].partition("\n[")[0]
            for inner in fields(getattr(Config(), key.name)):
                assert re.search(rf"(?m)^{inner.name} = ", block), f"{key.name}.{inner.name}"


def test_the_order_is_that_of_a_technician() -> None:
    tables = re.findall(r"(?m)^#?\[([a-z.]+)\]", SHIPPED.read_text(encoding="utf-8"))
    sinks = [f"sinks.{name}" for name in KINDS]
    assert tables == [
        "camera", "rules.anger", *sinks, "service", "expression", "detection", "tracking",
        "model", "outbox", "health", "snapshots",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_of_each_type_loads_once_uncommented(kind: str, loaded: Load) -> None:
    assert sink_example(kind) in SHIPPED.read_text(encoding="utf-8")
    sink = loaded(uncommented(sink_example(kind))).sinks[kind]
    assert sink == KINDS[kind].config(type=kind, **EXAMPLES[kind])
    text = uncommented(sink_example(kind))
    assert [key.name for key in fields(sink) if not re.search(rf"(?m)^{key.name} = ", text)] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "apprise"])
def test_an_example_of_each_type_can_be_made(kind: str) -> None:
    KINDS[kind].make(kind, KINDS[kind].config(type=kind, **EXAMPLES[kind]), "desk").close()


@pytest.mark.parametrize("kind", KINDS_OF_TABLE, ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: Any) -> None:
    first, sentences = documented(kind)
    assert first.endswith(".")
    assert set(sentences) == {key.name for key in fields(kind)}
    assert all(sentences.values())


def test_what_differs_from_the_default_is_in_effect(loaded: Load) -> None:
    config = Config(
        camera=CameraConfig(source="rtsp://anna:hunter2@cam/1", fps=5.0),
        rules={},
        sinks={"broker": MqttConfig("mqtt", password="credential:broker")},
    )
    text = commented(config)
    assert 'source = "rtsp://anna:***@cam/1"\n' in text
    assert "\nfps = 5.0  # 0.1 to 240\n" in text
    assert "\n#width = 640  # 64 to 8192\n" in text
    assert "hunter2" not in text
    assert loaded(text).sinks == config.sinks
    assert loaded(text).rules == {}


def test_no_line_is_too_long_for_a_terminal() -> None:
    assert max(map(len, SHIPPED.read_text(encoding="utf-8").splitlines())) <= 100
