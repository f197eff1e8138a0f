"""The signature of Standard Webhooks 1.0 (https://www.standardwebhooks.com), symmetric form."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence

from edge.errors import ConfigError

PREFIX = "whsec_"


def read_keys(secret: str) -> tuple[bytes, ...]:
    """The keys that a secret stands for: one normally, several while it is being changed.

    Args:
        secret: Secrets separated by spaces, each `whsec_` and base64, or else taken as it stands.

    Raises:
        ConfigError: what follows `whsec_` is no key; the message does not repeat it.
    """
    return tuple(_key(number, word) for number, word in enumerate(secret.split(), 1))


def _key(number: int, word: str) -> bytes:
    if word.startswith(("whsk_", "whpk_")):
        raise ConfigError(f"secret, number {number}: is an ed25519 key; give a whsec_ one")
    if not word.startswith(PREFIX):
        return word.encode()
    try:
        key = b64decode(word.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ConfigError(f"secret, number {number}: is not base64 after {PREFIX}") from error
    if not key:
        raise ConfigError(f"secret, number {number}: is empty after {PREFIX}")
    return key


def sign(keys: Sequence[bytes], ident: str, timestamp: int, body: bytes) -> str:
    """Value of the header `webhook-signature`, one signature for each key.

    Args:
        keys: From `read_keys`, at least one.
        ident: Value of `webhook-id`.
        timestamp: Value of `webhook-timestamp`, Unix seconds.
        body: As it is sent.
    """
    signed = f"{ident}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join("v1," + b64encode(digest).decode() for digest in digests)
