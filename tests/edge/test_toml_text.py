import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.toml_text import as_toml, key_lines

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

values = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans()
tables = st.recursive(
    st.dictionaries(st.text(), values, max_size=4),
    lambda inner: st.dictionaries(st.text(), values | inner, max_size=4),
    max_leaves=6,
)


@PATIENT
@given(tables)
def test_what_is_written_reads_back_to_the_same(table: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml(table)) == table


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({}, "\n"),
        ({"a": 1, "b": {"c": "d"}}, 'a = 1\n\n[b]\nc = "d"\n'),
        ({"a": {"b": {"c": True}}}, "[a.b]\nc = true\n"),
        ({"a": {"b": 0.5, "c": {}}}, "[a]\nb = 0.5\n\n[a.c]\n"),
        ({"rules": {}}, "[rules]\n"),
        ({"a.b": {"c d": 1}}, '["a.b"]\n"c d" = 1\n'),
        ({"a": "\x7f\n\u00e9"}, 'a = "\\u007F\\n\u00e9"\n'),
        ({"a": float("-inf")}, "a = -inf\n"),
    ],
    ids=["empty", "table", "inner", "empty inner", "empty table", "quoted", "escapes", "infinite"],
)
def test_how_it_is_written(table: dict[str, Any], text: str) -> None:
    assert as_toml(table) == text


TEXT = """\
# a comment with = and [brackets]
top = 1

[camera]
source = "0"   # = [x]
  width=640
"fps" = 5.0

[rules.anger]
on = 0.6
weights.angry = 1.0

[ rules . "front-desk" ]
on = 0.7
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("top", 2),
        ("camera", 4),
        ("camera.source", 5),
        ("camera.width", 6),
        ("camera.fps", 7),
        ("rules.anger", 9),
        ("rules.anger.on", 10),
        ("rules.anger.weights.angry", 11),
        ("rules.front-desk", 13),
        ("rules.front-desk.on", 14),
    ],
)
def test_a_key_is_found_on_its_line(key: str, line: int) -> None:
    tomllib.loads(TEXT)
    assert key_lines(TEXT)[key] == line


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert key_lines("# \u2028 \x0b \x85\na = 1\n") == {"a": 2}


bare = st.text("abcdef-_0123456789", min_size=1, max_size=5)


@PATIENT
@given(st.dictionaries(bare, values | st.dictionaries(bare, values, min_size=1), max_size=5))
def test_every_written_key_is_found(table: dict[str, Any]) -> None:
    text = as_toml(table)
    lines, found = text.split("\n"), key_lines(text)
    expected: dict[str, str] = {}
    for key, value in table.items():
        inner = value if isinstance(value, dict) else {}
        expected[key] = f"[{key}]" if inner else f"{key} ="
        expected |= {f"{key}.{name}": f"{name} =" for name in inner}
    assert set(found) == set(expected)
    for key, start in expected.items():
        assert lines[found[key] - 1].startswith(start)


@PATIENT
@given(st.text())
def test_any_text_has_lines(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
