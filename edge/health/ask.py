"""Asking the health port of the service that runs here."""

from __future__ import annotations

import http.client
import json
from typing import Any

SECONDS = 3.0
MOST = 64 << 10  # bytes of an answer

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def healthz(where: tuple[str, int]) -> dict[str, Any] | None:
    """What `/healthz` of the service answers; None if nobody does, or something else.

    Args:
        where: Host and port that it listens on.
    """
    host, port = where
    talk = http.client.HTTPConnection(_ANY.get(host, host), port, timeout=SECONDS)
    try:
        talk.request("GET", "/healthz")
        told: Any = json.loads(talk.getresponse().read(MOST))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    finally:
        talk.close()
    return told if isinstance(told, dict) and isinstance(told.get("camera"), dict) else None
