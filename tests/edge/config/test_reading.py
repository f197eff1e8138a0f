from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.webhook import WebhookConfig
from edge.config import Config, load
from edge.errors import ConfigError

Load = Callable[..., Config]


def test_nothing_given_is_the_defaults(loaded: Load) -> None:
    assert loaded() == loaded("") == Config()
    assert Config().rules == {"anger": RuleConfig()}


def test_a_file_is_read(loaded: Load) -> None:
    config = loaded('[camera]\nsource = "demo:"\nfps = 5\n[rules.anger]\non = 0.75\n')
    assert (config.camera.source, config.camera.fps, config.camera.width) == ("demo:", 5.0, 640)
    assert type(config.camera.fps) is float
    assert config.rules == {"anger": RuleConfig(on=0.75)}


def test_rules_in_a_file_replace_the_built_in_one(loaded: Load) -> None:
    config = loaded('[rules.front-desk]\nemotion = "happy"\nabsent = true\n')
    assert config.rules == {"front-desk": RuleConfig(emotion="happy", absent=True)}
    assert loaded("[rules]\n").rules == {}


@pytest.mark.parametrize("label", ["negative", "positive"])
def test_a_rule_for_a_model_of_valence(loaded: Load, label: str) -> None:
    assert loaded(f'[rules.mood]\nemotion = "{label}"\n').rules["mood"].watched == (label,)
    assert loaded(f"[rules.mood.weights]\n{label} = 1\n").rules["mood"].watched == (label,)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("camera.source", "1", "1"),
        ("camera.source", '"1"', "1"),
        ("camera.source", "/dev/video0", "/dev/video0"),
        ("camera.source", "demo:calm?pace=off", "demo:calm?pace=off"),
        ("camera.source", "2024-01-01", "2024-01-01"),
        ("model.path", "true", "true"),
        ("camera.fps", "12", 12.0),
        ("model.threads", "4", 4),
        ("tracking.keep", "0.5", 0.5),
    ],
)
@pytest.mark.parametrize("way", ["environment", "settings"])
def test_one_key_from_outside(loaded: Load, key: str, text: str, value: object, way: str) -> None:
    name = f"EDGE_RUN_{key.replace('.', '_').upper()}" if way == "environment" else key
    section, _, last = key.partition(".")
    assert getattr(getattr(loaded(**{way: {name: text}}), section), last) == value


@pytest.mark.parametrize("key", ["rules.anger.on", "rules.anger.weights.angry", "rules.anger.cap"])
def test_a_key_of_the_built_in_rule_changes_it(loaded: Load, key: str) -> None:
    by_flag = loaded(settings={key: "1"})
    by_variable = loaded(environment={f"EDGE_RUN_{key.replace('.', '_').upper()}": "1"})
    assert by_flag == by_variable
    changed = asdict(by_flag.rules["anger"])
    last = key.rpartition(".")[2]
    assert (changed["weights"] if "weights" in key else changed)[last] == 1
    assert by_flag.rules["anger"].seconds == RuleConfig().seconds


def test_a_flag_beats_a_variable_beats_the_file(loaded: Load) -> None:
    text = "[rules.anger]\nseconds = 1\nclear = 1\nrepeat = 1\n"
    environment = {"EDGE_RUN_RULES_ANGER_CLEAR": "2", "EDGE_RUN_RULES_ANGER_REPEAT": "2"}
    rule = loaded(text, environment, {"rules.anger.repeat": "3"}).rules["anger"]
    assert (rule.seconds, rule.clear, rule.repeat) == (1, 2, 3)


def test_other_variables_are_none_of_our_business(loaded: Load) -> None:
    assert loaded(environment={"PATH": "/bin", "EDGE_RUNNER": "x", "edge_run_x": "1"}) == Config()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("EDGE_RUN_RULES_ANGER_ON", "7", "EDGE_RUN_RULES_ANGER_ON: .* = 7: must lie in 0 to 1"),
        (
            "EDGE_RUN_RULES_ANGER_ON",
            "high",
            'EDGE_RUN_RULES_ANGER_ON: .* = "high": must be a number',
        ),
        ("EDGE_RUN_RULES_ANGER_ONN", "0.7", "EDGE_RUN_RULES_ANGER_ONN: no configuration key is"),
        ("EDGE_RUN_RULES_JOY_ON", "0.7", "EDGE_RUN_RULES_JOY_ON: no configuration key is"),
        ("EDGE_RUN_", "1", "EDGE_RUN_: no configuration key is"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named(
    loaded: Load, name: str, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(environment={name: text})


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("rules.anger.on", "7", r"--set rules\.anger\.on: .* = 7: must lie in 0 to 1"),
        ("rules.anger.onn", "1", r"--set rules\.anger\.onn: unknown key 'onn'"),
        ("rules.anger.on.x", "1", r"--set rules\.anger\.on\.x|rules\.anger\.on = "),
        ("rules", "3", r"--set rules: rules is a table"),
        ("camera", "3", r"--set camera: camera is a table"),
        ("nonsense", "3", "--set nonsense: unknown table or key"),
        ("", "3", "unknown table or key ''"),
        (".", "3", "unknown table or key ''"),
        ("camera.fps", "[" * 5000, "must be a number"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(
    loaded: Load, key: str, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(settings={key: text})


def test_a_setting_below_a_value_is_refused(loaded: Load) -> None:
    with pytest.raises(ConfigError, match=r"--set rules\.anger\.on\.x: on is not a table"):
        loaded("[rules.anger]\non = 0.5\n", settings={"rules.anger.on.x": "1"})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read \(No such file"):
        load(tmp_path / "none.toml", {})


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes("[camera]\nsource = 'Tür'\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml: is not TOML"):
        load(path, {})


def test_a_sink_of_the_file_is_changed_from_outside(loaded: Load) -> None:
    text = '[sinks.front-desk]\ntype = "webhook"\nurl = "https://one/"\n'
    config = loaded(
        text,
        {"EDGE_RUN_SINKS_FRONT_DESK_URL": "https://two/", "EDGE_RUN_SINKS_FRONT_DESK_TIMEOUT": "3"},
        {"sinks.front-desk.purposes": '["operator"]'},
    )
    assert config.sinks["front-desk"] == WebhookConfig(
        "webhook", ("operator",), 0.0, 3.0, url="https://two/"
    )


def test_a_sink_can_be_made_by_flags_alone(loaded: Load) -> None:
    """In any order, and a secret that looks like a number is a text none the less."""
    config = loaded(
        None,
        {"EDGE_RUN_SINKS_DESK_SECRET": "123456"},
        {"sinks.desk.url": "https://desk/", "sinks.desk.type": "webhook"},
    )
    assert config.sinks["desk"] == WebhookConfig("webhook", url="https://desk/", secret="123456")
    assert config.rules == {"anger": RuleConfig()}


@pytest.mark.parametrize("way", ["environment", "settings"])
def test_lists_and_switches_from_outside(loaded: Load, way: str) -> None:
    given = {"camera.mask": '["0,0,0.5,1", "0.5,0,0.5,0.5"]', "snapshots.enabled": "true"}
    if way == "environment":
        given = {f"EDGE_RUN_{key.replace('.', '_').upper()}": text for key, text in given.items()}
    config = loaded(**{way: given})
    assert config.camera.mask == ("0,0,0.5,1", "0.5,0,0.5,0.5")
    assert config.snapshots.enabled is True


@pytest.mark.parametrize(
    ("environment", "settings", "message"),
    [
        ({"EDGE_RUN_SINKS_DESK_URL": "x"}, {}, "EDGE_RUN_SINKS_DESK_URL: no configuration key is"),
        ({}, {"sinks.desk.url": "x"}, r"\[sinks\.desk\] has no type"),
        ({}, {"sinks.desk.type": "web"}, r"--set sinks\.desk\.type: .* = \"web\": must be one of"),
        (
            {"EDGE_RUN_SINKS_DESK_PIN": "4"},
            {"sinks.desk.type": "mqtt"},
            r"EDGE_RUN_SINKS_DESK_PIN: unknown key 'pin' in \[sinks\.desk\]; known: .*host",
        ),
        ({}, {"sinks.desk": "x"}, r"--set sinks\.desk: sinks\.desk is a table"),
        ({}, {"sinks.a.b.type": "gpio"}, r"\[sinks\.a\] has no type"),
        (
            {"EDGE_RUN_SINKS_A_B_TYPE": "gpio"},
            {"sinks.a-b.pin": "1", "sinks.a_b.pin": "1"},
            r"may mean sinks\.a-b\.type or sinks\.a_b\.type; say it by --set",
        ),
        ({"EDGE_RUN_SERVICE_NAME": "\udcff"}, {}, "EDGE_RUN_SERVICE_NAME: is not UTF-8"),
        ({}, {"a\nb": "1"}, r"^--set a\\nb: unknown table or key 'a\\nb'"),
    ],
)
def test_a_sink_from_outside_that_cannot_be_meant_is_told(
    loaded: Load, environment: dict[str, str], settings: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(None, environment, settings)


def test_a_file_as_windows_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[camera]\r\nfps = 7\r\n\r\n[model]\r\nthreads = 0\r\n")
    with pytest.raises(ConfigError, match=r"config\.toml, line 5: model\.threads = 0"):
        load(path, {})
    path.write_bytes(path.read_bytes().replace(b"= 0", b"= 2"))
    assert load(path, {}).camera.fps == 7


def test_what_is_far_too_large_is_not_read() -> None:
    with pytest.raises(ConfigError, match="/dev/zero: is larger than any configuration"):
        load(Path("/dev/zero"), {})


def test_a_command_that_a_sink_runs_may_be_another_edge_run(monkeypatch) -> None:
    for name in ("ID", "INCIDENT", "KIND", "PURPOSE"):
        monkeypatch.setenv(f"EDGE_RUN_{name}", "x")
    assert load() == Config()
