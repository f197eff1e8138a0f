"""Headers from the configuration: nothing in them ends a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks.http_headers import is_value, read_headers
from edge.errors import ConfigError


def test_names_and_values() -> None:
    assert read_headers(("X-Token: a:b c ", "Authorization:Bearer x", "X-Empty:")) == {
        "X-Token": "a:b c",
        "Authorization": "Bearer x",
        "X-Empty": "",
    }


@pytest.mark.parametrize(
    "line",
    [
        "s3cret",
        ": s3cret",
        "X Token: s3cret",
        "X-Token : s3cret",
        "X-Token: s3cret\r\nX-Evil: 1",
        "X-Token: s3cret\n folded",
        "X-Token\n: s3cret",
        "X-Token: s3cret\0",
        "X-Token: s3cret ü",
        "Host: s3cret",
        "content-length: 0",
        "Transfer-Encoding: s3cret",
        "Webhook-Signature: s3cret",
    ],
)
def test_what_is_no_header_or_not_the_operators_is_refused_but_not_shown(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_headers((line,))
    assert "s3cret" not in str(caught.value)


def test_twice_the_same_is_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        read_headers(("X-Token: 1", "x-token: 2"))


@given(st.lists(st.text(st.sampled_from("aX-:_ \r\n\t\0\x0b\x85\u2028ü"), max_size=12)))
def test_no_line_end_ever_gets_in(lines: list[str]) -> None:
    try:
        headers = read_headers(lines)
    except ConfigError:
        return
    for name, value in headers.items():
        assert f"{name}: {value}".isascii()
        assert f"{name}: {value}".isprintable()


@given(st.text())
def test_a_value_is_printable_ascii(text: str) -> None:
    assert is_value(text) == (text.isascii() and text.isprintable())
