"""Signatures against a vector from outside and against the formula."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks.signature import read_keys, sign
from edge.errors import ConfigError

# the example of the standard's own libraries
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDENT, TIMESTAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'
EXPECTED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def by_the_formula(key: bytes, message: bytes) -> str:
    """HMAC (RFC 2104) written out, independent of the module `hmac`."""
    key = hashlib.sha256(key).digest() if len(key) > 64 else key
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()
    return "v1," + base64.b64encode(outer).decode()


def test_the_standards_example() -> None:
    assert sign(read_keys(SECRET), IDENT, TIMESTAMP, BODY) == EXPECTED


@pytest.mark.skipif(not which("openssl"), reason="openssl is not installed")
def test_openssl_signs_the_same() -> None:
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "a raw secret", "-binary"],
        input=b"%s.%d.%s" % (IDENT.encode(), TIMESTAMP, BODY),
        capture_output=True,
        check=True,
    )
    expected = "v1," + base64.b64encode(done.stdout).decode()
    assert sign((b"a raw secret",), IDENT, TIMESTAMP, BODY) == expected


@given(
    st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=3),
    st.integers(0, 2**40),
    st.binary(max_size=200),
)
def test_every_key_signs_the_id_the_time_and_the_body(
    keys: list[bytes], timestamp: int, body: bytes
) -> None:
    secret = " ".join("whsec_" + base64.b64encode(key).decode() for key in keys)
    signed = sign(read_keys(secret), "some-id", timestamp, body)
    message = f"some-id.{timestamp}.".encode() + body
    assert signed.split(" ") == [by_the_formula(key, message) for key in keys]


def test_other_text_is_a_key_as_it_stands() -> None:
    assert read_keys("  MfKQ9r8G old-one ") == (b"MfKQ9r8G", b"old-one")


def test_no_secret_is_no_key() -> None:
    assert read_keys("") == ()


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("good whsec_bm*90", "number 2: is not base64"),
        ("whsec_abc", "number 1: is not base64"),
        ("whsec_", "is empty"),
        ("whsec_ümlaut", "is not base64"),
        ("whsk_c2VjcmV0", "ed25519"),
    ],
)
def test_a_wrong_key_is_refused_but_not_shown(secret: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        read_keys(secret)
    for word in ("bm*90", "abc", "ümlaut", "c2VjcmV0"):
        assert word not in str(caught.value)
