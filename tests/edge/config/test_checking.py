from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.command import CommandConfig
from edge.alerts.sinks.kinds import KINDS
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.webhook import WebhookConfig
from edge.config import Config
from edge.errors import EX_CONFIG, ConfigError

Load = Callable[..., Config]


def test_weights(loaded: Load) -> None:
    config = loaded("[rules.anger]\nweights = { angry = 1, disgust = 0.5 }\n")
    assert config.rules["anger"].weights == {"angry": 1.0, "disgust": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[camera]\n\nsuorce = 1\n", r"config\.toml, line 3: unknown key 'suorce' in \[camera\]"),
        (
            "[rules.anger]\nonn = 1\n",
            r"config\.toml, line 2: unknown key 'onn' in \[rules\.anger\]",
        ),
        ("[camrea]\n", r"config\.toml, line 1: unknown table or key 'camrea'"),
        ("x = 1\n", r"config\.toml, line 1: unknown table or key 'x'"),
        ("[rules.anger]\non = 7\n", r"line 2: rules\.anger\.on = 7: must lie in 0 to 1"),
        ("[rules]\nanger = { on = 7 }\n", r"line 2: rules\.anger\.on = 7: must lie in 0 to 1"),
        ("[rules.anger]\non = nan\n", "line 2: .*must lie in 0 to 1"),
        ("[rules.anger]\nseconds = inf\n", "line 2: .*must lie in 0 to 600"),
        ("[rules.anger]\non = true\n", "line 2: .* = true: must be a number"),
        ("[rules.anger]\ncap = 2.5\n", "line 2: .* = 2.5: must be a whole number"),
        ("[model]\nthreads = true\n", "line 2: .* = true: must be a whole number"),
        ("[rules.anger]\nabsent = 1\n", "line 2: .* = 1: must be true or false"),
        ("[camera]\nsource = 0\n", "line 2: camera.source = 0: must be text"),
        ("[camera]\nfps = 1979-05-27\n", "line 2: .*1979-05-27.*: must be a number"),
        ("[camera]\nfps = [1]\n", r"line 2: .* = \[1\]: must be a number"),
        ("[camera.fps]\nx = 1\n", "camera.fps = .*: must be a number"),
        ("camera = 3\n", r"line 1: camera is a table: write \[camera\]"),
        ("rules = 3\n", r"line 1: rules is a table: write \[rules\]"),
        ("[rules]\nanger = 3\n", r"line 2: rules\.anger is a table"),
        ("[[rules]]\non = 0.5\n", "rules is a table"),
        ('[model]\nruntime = "cuda"\n', 'line 2: .*: must be one of "", litert, tflite, onnx'),
        ('[rules.anger]\nemotion = "bored"\n', "line 2: .*must be one of angry, disgust"),
        ("[rules.anger.weights]\nbored = 1\n", "line 2: .*unknown emotion 'bored'"),
        ("[rules.anger.weights]\nangry = 2\n", r"line 2: .*weights\.angry = 2: must lie in 0 to 1"),
        ("[rules.anger.weights]\nangry = true\n", "line 2: .*must lie in 0 to 1"),
        ("[rules.anger]\nweights = 1\n", "line 2: .*weights is a table"),
        (
            "[rules.anger]\non = 0.3\noff = 0.4\n",
            "line 3: rules.anger: off = 0.4 must not be above",
        ),
        ("[rules.anger]\non = 0.3\n", "line 2: rules.anger: off = 0.35 must not be above on = 0.3"),
        ('[rules."a.b"]\non = 7\n', r"line 1: a rule cannot be named 'a\.b'"),
        ('[rules.""]\non = 7\n', "a rule cannot be named ''"),
        (f"[camera]\nfps = {10**400}\n", "line 2: camera.fps = 1000*: must lie in"),
        (f"[camera]\nfps = 1{'0' * 5000}\n", "is not TOML"),
        (f"[camera]\nfps = 0x{'f' * 5000}\n", r"line 2: camera\.fps = \.\.\.: must lie in"),
        (f"[camera]\nfps = {'[' * 5000}\n", "is not TOML"),
        (f"[camera]\nfps{'.a' * 3000} = 1\n", "must be a number"),
        ("[camera\n", r"config\.toml: is not TOML: .*line 1"),
        ("[camera]\n[camera]\n", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(
    loaded: Load, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        loaded(text)
    assert "config.toml" in str(caught.value)
    assert caught.value.exit_code == EX_CONFIG


SINKS = """\
[sinks.desk]
type = "webhook"
url = "https://desk.example.org/"
purposes = ["visitor"]
cooldown = 60

[sinks.front-lamp]
type = "command"
command = ["/bin/lamp", "--on"]

[sinks.2]
type = "mqtt"
tls = true
"""


def test_sinks_are_what_their_type_says(loaded: Load) -> None:
    assert loaded(SINKS).sinks == {
        "desk": WebhookConfig("webhook", ("visitor",), 60.0, url="https://desk.example.org/"),
        "front-lamp": CommandConfig("command", command=("/bin/lamp", "--on")),
        "2": MqttConfig("mqtt", tls=True),
    }
    assert loaded("[sinks]\n").sinks == {}


def test_the_tables_of_the_service(loaded: Load) -> None:
    config = loaded(
        '[service]\nname = "desk"\ncannot_see = 0\n[outbox]\nkeep_days = 7\n'
        '[health]\nlisten = ""\n[snapshots]\nenabled = true\nblur = false\n'
        '[camera]\nmask = ["0,0,0.25,1"]\n'
    )
    assert (config.service.name, config.service.cannot_see, config.service.give_up) == (
        "desk",
        0,
        3,
    )
    assert config.outbox.keep_days == 7
    assert config.health.listen == ""
    assert (config.snapshots.enabled, config.snapshots.blur) == (True, False)
    assert config.camera.mask == ("0,0,0.25,1",)


TYPES = "webhook, mqtt, gpio, command, jsonl, apprise"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n[sinks.desk]\n", rf"line 2: \[sinks\.desk\] has no type; give it one of {TYPES}"),
        ("[sinks]\ndesk = 3\n", r"line 2: sinks\.desk is a table: write \[sinks\.desk\]"),
        ("sinks = 3\n", r"line 1: sinks is a table: write \[sinks\]"),
        ('[sinks.d]\n\ntype = "x"\n', rf'line 3: sinks\.d\.type = "x": must be one of {TYPES}'),
        ("[sinks.d]\ntype = 1\n", rf"line 2: sinks\.d\.type = 1: must be one of {TYPES}"),
        ('[sinks.d]\ntype = ["gpio"]\n', r"line 2: sinks\.d\.type = .*: must be one of"),
        (
            '[sinks.d]\ntype = "gpio"\nurl = ""\n',
            r"line 3: unknown key 'url' in \[sinks\.d\]; known: type, .*pin, active_high",
        ),
        (
            '[sinks.d]\ntype = "gpio"\npin = 99\n',
            r"line 3: sinks\.d\.pin = 99: must lie in 0 to 27",
        ),
        ('[sinks."a b"]\ntype = "gpio"\n', "line 1: a sink cannot be named 'a b'; use letters"),
        (
            '[sinks.d]\ntype = "gpio"\npurposes = ["guest"]\n',
            "line 3: .* = .*guest.*: each must be one of visitor, operator",
        ),
        (
            '[sinks.d]\ntype = "gpio"\npurposes = "visitor"\n',
            r'line 3: .* = "visitor": must be a list of texts, \["a", "b"\]',
        ),
        ('[sinks.d]\ntype = "command"\ncommand = ["a", 1]\n', "line 3: .*must be a list of texts"),
        ("[camera]\nmask = [[0, 0, 1, 1]]\n", "line 2: .*must be a list of texts"),
        ('[camera]\nmask = ["0,0"]\n', r"line 1: \[camera\] camera\.mask: '0,0' is not four"),
        ("[outbox]\nfiring_ttl = 1e9\n", "line 2: .*must lie in 1 to 2592000"),
        ("[health]\npublic = 1\n", "line 2: .*must be true or false"),
        ("[service]\ngive_up = 0\n", "line 2: .*must lie in 1 to 100"),
    ],
)
def test_what_is_wrong_with_a_table_of_the_service_is_named_with_its_line(
    loaded: Load, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(text)


@pytest.mark.parametrize("value", ["12345", '["hunter2"]', "{ a = 'hunter2' }"])
def test_a_secret_of_the_wrong_type_is_not_shown(loaded: Load, value: str) -> None:
    with pytest.raises(ConfigError, match=r"line 3: .*password = \*\*\*: must be text") as caught:
        loaded(f'[sinks.broker]\ntype = "mqtt"\npassword = {value}\n')
    assert "hunter2" not in str(caught.value)
    assert "12345" not in str(caught.value)


@dataclass(frozen=True)
class PagerConfig(SinkConfig):
    """A kind of sink with a key that must be there."""

    number: str = field(kw_only=True)


def test_a_key_that_must_be_there_is_named_with_the_line_of_its_table(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {**KINDS, "pager": replace(KINDS["gpio"], config=PagerConfig)}
    monkeypatch.setattr("edge.config.checking.KINDS", kinds)
    with pytest.raises(ConfigError, match=r"line 2: \[sinks\.p\] has no number, and must have it"):
        loaded('\n[sinks.p]\ntype = "pager"\n')
    assert loaded('[sinks.p]\ntype = "pager"\nnumber = "1"\n').sinks["p"].type == "pager"
