"""Addresses taken apart, and what is never shown of them."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks.http_address import Address, read_address
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "expected", "shown"),
    [
        ("http://desk.example", Address("http", "desk.example", 80, "/"), "http://desk.example"),
        (
            "https://desk.example:8443/hook/T0/s3cret?a=b&c=%20#part",
            Address("https", "desk.example", 8443, "/hook/T0/s3cret?a=b&c=%20"),
            "https://desk.example:8443",
        ),
        ("HTTPS://Desk.example?x", Address("https", "desk.example", 443, "/?x"), None),
        ("http://[::1]:8080/", Address("http", "::1", 8080, "/"), "http://[::1]:8080"),
        ("http://bücher.example/ä", Address("http", "xn--bcher-kva.example", 80, "/%C3%A4"), None),
        ("http://a/b//c", Address("http", "a", 80, "/b//c"), None),
        ("http://a//evil.example/x", Address("http", "a", 80, "//evil.example/x"), None),
    ],
)
def test_parts(url: str, expected: Address, shown: str | None) -> None:
    address = read_address(url)
    assert address == expected
    assert shown is None or address.shown == shown


@pytest.mark.parametrize(
    ("url", "pair"),
    [
        ("http://ann:p%40ss:w@host/", b"ann:p@ss:w"),
        ("http://ann@host/", b"ann:"),
        ("http://:only@host/", b":only"),
    ],
)
def test_user_and_password_become_a_header(url: str, pair: bytes) -> None:
    address = read_address(url)
    scheme, _, value = address.authorization.partition(" ")
    assert (scheme, b64decode(value), address.host) == ("Basic", pair, "host")
    assert "only" not in repr(address) + address.shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "desk.example/hook",
        "ftp://desk.example/s3cret",
        "http://",
        "http:///s3cret",
        "http://host:0/s3cret",
        "http://host:99999/s3cret",
        "http://host:port/s3cret",
        "http://[::1/s3cret",
        "http://host/s3 cret",
        "http://host/s3\r\nX-Evil: 1",
        "http://host/s3\tcret",
        "http://ho\xa0st/s3cret",
        "http://ho\u3000st/s3cret",
        "http://ho<st>/s3cret",
        "http://ü..host/s3cret",
        f"http://{'ü' * 70}.host/s3cret",
    ],
)
def test_what_is_no_address_is_refused_but_not_shown(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(url)
    assert "s3" not in str(caught.value)


@given(st.text(), st.sampled_from(["", "http://", "https://host/", "http://a:b@host/"]))
def test_whatever_is_written_is_an_address_or_refused(text: str, start: str) -> None:
    try:
        address = read_address(start + text)
    except ConfigError:
        return
    assert address.target.startswith("/")
    for part in (address.host, address.target, address.authorization):
        assert part.isascii()
        assert not set("\r\n\0\t") & set(part)
    assert " " not in address.target + address.host
