import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.rule import RuleConfig
from edge.config import BOUNDS, CHOICES, Config, load
from edge.errors import EX_CONFIG, ConfigError
from edge.labels import EMOTIONS
from edge.toml_text import as_toml

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

Load = Callable[..., Config]
SECTIONS: dict[str, Any] = {k: v for k, v in get_type_hints(Config).items() if k != "rules"}


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Loads a TOML text, environment and settings, and nothing from this machine."""

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


def test_nothing_given_is_the_defaults(loaded: Load) -> None:
    assert loaded() == loaded("") == Config()
    assert Config().rules == {"anger": RuleConfig()}


def test_every_number_has_bounds_and_every_default_lies_in_them() -> None:
    sections = SECTIONS | {"rules.*": RuleConfig}
    kinds = {f"{s}.{key.name}": (kind, key) for s, kind in sections.items() for key in fields(kind)}
    for dotted, (kind, key) in kinds.items():
        if get_type_hints(kind)[key.name] in (int, float):
            low, high = BOUNDS[dotted]
            assert low <= getattr(kind(), key.name) <= high, dotted
        if dotted in CHOICES:
            assert getattr(kind(), key.name) in CHOICES[dotted]
    assert set(BOUNDS) | set(CHOICES) <= {*kinds, "rules.*.weights.*"}


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


def test_weights(loaded: Load) -> None:
    config = loaded("[rules.anger]\nweights = { angry = 1, disgust = 0.5 }\n")
    assert config.rules["anger"].weights == {"angry": 1.0, "disgust": 0.5}


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


def values_of(kind: Any, prefix: str) -> st.SearchStrategy[Any]:
    """Any instance of a section whose values lie within their bounds."""
    hints = get_type_hints(kind)
    known: dict[str, st.SearchStrategy[Any]] = {}
    for key in fields(kind):
        dotted = f"{prefix}.{key.name}"
        low, high = BOUNDS.get(dotted, (0, 1))
        known[key.name] = {
            int: st.integers(int(low), int(high)),
            float: st.floats(low, high),
            bool: st.booleans(),
            str: st.sampled_from(CHOICES[dotted]) if dotted in CHOICES else st.text(),
        }.get(hints[key.name], st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1)))
    return st.builds(kind, **known)


rules = values_of(RuleConfig, "rules.*").filter(lambda rule: rule.off <= rule.on)
names = st.from_regex(r"[A-Za-z0-9_ÄÖäöß-]{1,8}", fullmatch=True)
configs = st.builds(
    Config,
    **{name: values_of(kind, name) for name, kind in SECTIONS.items()},
    rules=st.dictionaries(names, rules, max_size=3),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "config.toml"


@PATIENT
@given(configs)
def test_a_printed_configuration_reads_back_to_the_same(file: Path, config: Config) -> None:
    file.write_text(as_toml(asdict(config)), encoding="utf-8")
    assert load(file, {}) == config


def good_or_config_error(path: Path, **given_in: dict[str, str]) -> None:
    with suppress(ConfigError):
        assert isinstance(load(path, **{"environment": {}, **given_in}), Config)


@PATIENT
@given(st.text() | st.text("[]=.\"'#{},\n 0123456789eruls-_", max_size=60))
def test_any_text_is_a_configuration_or_refused(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    good_or_config_error(file)


@PATIENT
@given(st.binary())
def test_any_bytes_are_a_configuration_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    good_or_config_error(file)


leaves = st.text(max_size=9) | st.integers() | st.floats() | st.booleans()
anything = leaves | st.dictionaries(st.text(max_size=5) | st.sampled_from(EMOTIONS), leaves)


@st.composite
def nearly_good(draw: st.DrawFn) -> dict[str, Any]:
    """The printed defaults with some values replaced by any others."""
    values: dict[str, Any] = copy.deepcopy(asdict(Config()))
    for _ in range(draw(st.integers(1, 3))):
        section = draw(st.sampled_from(sorted(values)))
        table = values[section]
        if section == "rules" and draw(st.booleans()):
            table = table["anger"]
        table[draw(st.sampled_from(sorted(table)) | st.text(max_size=9))] = draw(anything)
        if not all(isinstance(rule, dict) for rule in values["rules"].values()):
            break
        values["rules"].setdefault("anger", {"on": 0.5})
    return values


@PATIENT
@given(nearly_good())
def test_nearly_good_values_are_a_configuration_or_refused(
    file: Path, values: dict[str, Any]
) -> None:
    file.write_text(as_toml(values), encoding="utf-8")
    good_or_config_error(file)


keys = st.sampled_from(["rules.anger.on", "camera.source", "rules.x", "model", "model.threads"])


@PATIENT
@given(keys | st.text(), st.text() | st.text("[]{}=\"'.0123456789aetru\n", max_size=20))
def test_any_setting_is_a_configuration_or_refused(file: Path, key: str, text: str) -> None:
    file.write_text("", encoding="utf-8")
    good_or_config_error(file, settings={key: text})
    good_or_config_error(file, environment={f"EDGE_RUN_{key.replace('.', '_').upper()}": text})
