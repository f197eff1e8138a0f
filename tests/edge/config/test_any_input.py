"""Whatever is given gives a configuration, or one line that says why not."""

import copy
import random
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config import Config, load
from edge.config.checking import TEXTS
from edge.config.commented import commented
from edge.config.limits import bounds_of, choices_of
from edge.config.secret import masked
from edge.config.sections import NAMED
from edge.errors import ConfigError
from edge.labels import EMOTIONS
from edge.toml_text import as_toml, toml_value

PATIENT = settings(deadline=None)  # other jobs may run beside the tests
SECTIONS: dict[str, Any] = {k: v for k, v in get_type_hints(Config).items() if k not in NAMED}

references = st.sampled_from(["", "credential:desk", "file:/etc/edge-run/desk"])
# Keys that take texts of one form only.
FORMS: dict[str, dict[str, Any]] = {
    "camera": {"mask": st.lists(st.sampled_from(["0,0,0.25,1", "0.5,0.5,0.5,0.5"])).map(tuple)},
    "model": {"labels": st.just("")},  # names a model in place of the path
    "service": {"hours": st.sampled_from(["", "07:30-23:00"])},
}


def values_of(kind: Any, texts: st.SearchStrategy[str], **known: Any) -> st.SearchStrategy[Any]:
    """Any instance of a table whose values lie within their limits; secrets are references."""
    hints = get_type_hints(kind)
    for key in fields(kind):
        hint, name = hints[key.name], key.name
        low, high = bounds_of(kind).get(name, (0, 1))
        choices = choices_of(kind).get(name)
        text = st.sampled_from(choices) if choices else texts
        if key.metadata.get("secret"):
            text = references
        known.setdefault(
            name,
            {
                int: st.integers(int(low), int(high)),
                float: st.floats(low, high),
                bool: st.booleans(),
                str: text,
                TEXTS: st.lists(text, max_size=3).map(tuple),
            }.get(hint, st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1))),
        )
    return st.builds(kind, **known)


names = st.from_regex(r"[A-Za-z0-9_ÄÖäöß-]{1,8}", fullmatch=True)


def configs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Config]:
    """Any configuration."""
    rules = values_of(RuleConfig, texts).filter(lambda rule: rule.off <= rule.on)
    sinks = st.one_of(
        [values_of(kind.config, texts, type=st.just(name)) for name, kind in KINDS.items()]
    )
    sections = {
        name: values_of(kind, texts, **FORMS.get(name, {})) for name, kind in SECTIONS.items()
    }
    return st.builds(
        Config,
        rules=st.dictionaries(names, rules, max_size=3),
        sinks=st.dictionaries(names, sinks, max_size=3),
        **sections,
    )


@PATIENT
@given(configs(st.text()))
def test_every_configuration_can_be_written_and_reads_back_to_the_same(
    file: Path, config: Config
) -> None:
    file.write_text(as_toml(asdict(config)), encoding="utf-8")
    assert load(file, {}) == config


@PATIENT
@given(configs(st.text("abä 1=.\"'#[]\n", max_size=9)))
def test_a_printed_configuration_reads_back_to_the_same(file: Path, config: Config) -> None:
    for printed in (as_toml(masked(config)), commented(config)):
        file.write_text(printed, encoding="utf-8")
        assert load(file, {}) == config


def good_or_refused(path: Path, **given_in: dict[str, str]) -> Config | None:
    why = "it is a configuration"
    try:
        return load(path, **{"environment": {}, **given_in})
    except ConfigError as error:
        why = str(error)
    finally:
        assert len(why.splitlines()) == 1, why
    return None


@PATIENT
@given(st.text() | st.text("[]=.\"'#{},\n 0123456789eruls-_", max_size=60))
def test_any_text_is_a_configuration_or_refused(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    good_or_refused(file)


@PATIENT
@given(st.binary())
def test_any_bytes_are_a_configuration_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    good_or_refused(file)


@PATIENT
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_shipped_file_with_bytes_flipped_is_a_configuration_or_refused(
    file: Path, seed: int, flips: int
) -> None:
    """What a worn card makes of it."""
    content = bytearray(as_toml(asdict(Config())).encode())
    chance = random.Random(seed)
    for _ in range(flips):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    good_or_refused(file)


leaves = st.text(max_size=9) | st.integers() | st.floats() | st.booleans()
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(EMOTIONS), inner, max_size=3)
    ),
    max_leaves=5,
)


def full() -> dict[str, Any]:
    """The defaults and a sink of every type."""
    values: dict[str, Any] = copy.deepcopy(asdict(Config()))
    values["sinks"] = {name: asdict(kind.config(type=name)) for name, kind in KINDS.items()}
    return values


@st.composite
def nearly_good(draw: st.DrawFn) -> dict[str, Any]:
    """All that can be said, with some values replaced by any others."""
    values = full()
    for _ in range(draw(st.integers(1, 3))):
        table = values
        # down to a table, a rule or a sink, or to the weights of a rule
        for _ in range(draw(st.integers(0, 3))):
            inner = [key for key in sorted(table) if isinstance(table[key], dict)]
            if inner:
                table = table[draw(st.sampled_from(inner))]
        known = st.sampled_from(sorted(table)) if table else st.nothing()
        table[draw(known | st.text(max_size=9))] = draw(anything)
    return values


@PATIENT
@given(nearly_good())
def test_nearly_good_values_are_a_configuration_or_refused(
    file: Path, values: dict[str, Any]
) -> None:
    file.write_text(as_toml(values), encoding="utf-8")
    if config := good_or_refused(file):
        file.write_text(as_toml(asdict(config)), encoding="utf-8")
        assert load(file, {}) == config


ODD = (
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "nan",
    "-inf",
    "0xffff_ffff_ffff_ffff_ffff",
    "[[1], ['a']]",
    "[{a = 1}]",
    "{type = 'webhook'}",
    '"""a\nb"""',
    "'' # = [x]",
)
KEYS = [f"{table}.{key}" for table, keys in full().items() for key in (*keys, "x")]
KEYS += [f"sinks.{name}.{key}" for name, kind in full()["sinks"].items() for key in (*kind, "x")]


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_of_any_key_are_refused_or_taken(file: Path, odd: str) -> None:
    for key in KEYS:
        file.write_text(f"{key} = {odd}\n", encoding="utf-8")
        good_or_refused(file)


keys = st.sampled_from(
    [
        "rules.anger.on", "rules.x", "camera.source", "camera.mask", "model", "model.threads",
        "sinks", "sinks.desk", "sinks.desk.type", "sinks.desk.url", "sinks.desk.purposes",
    ]
)  # fmt: skip
texts = st.text() | st.text("[]{}=\"'.0123456789aetru\n", max_size=20)
texts |= st.sampled_from(["webhook", "gpio"]) | anything.map(toml_value)


@PATIENT
@given(
    st.dictionaries(keys | st.text(), texts, max_size=3), st.sampled_from(["", "sinks.desk = 3"])
)
def test_any_settings_are_a_configuration_or_refused(
    file: Path, given_in: dict[str, str], text: str
) -> None:
    file.write_text(text, encoding="utf-8")
    good_or_refused(file, settings=given_in)
    variables = {
        f"EDGE_RUN_{key.replace('.', '_').upper()}": each for key, each in given_in.items()
    }
    good_or_refused(file, environment=variables)
    good_or_refused(file, environment=variables, settings=given_in)
