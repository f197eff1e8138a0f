"""Getting a picture from a web server that may be slow, broken or hostile."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from edge import __version__
from edge.errors import PictureError, PictureNotFoundError
from edge.message import without_password

TIMEOUT = 10.0  # seconds of silence
DEADLINE = 60.0  # seconds for the whole body


def fetch(address: str, most: int) -> bytes:
    """The body at an http(s) address, or its first `most` + 1 bytes if it is larger.

    Raises:
        PictureNotFoundError: it does not answer, answers with an error, or breaks off.
        PictureError: the address carries a password, which would be kept from it.
    """
    try:
        if "@" in urlsplit(address).netloc:
            raise PictureError(
                f"{without_password(address)}: a name and password are not sent; save the picture "
                "and give its path"
            )
        request = urllib.request.Request(
            address, headers={"User-Agent": f"edge-emotion/{__version__}"}
        )
        with _web().open(request, timeout=TIMEOUT) as answer:
            return _received(answer, most + 1, time.monotonic() + DEADLINE)
    except urllib.error.HTTPError as error:
        error.close()
        raise PictureNotFoundError(
            f"{address}: the server answered {error.code} {error.reason}; check the address"
        ) from error
    except PictureError:
        raise
    except (OSError, ValueError, HTTPException) as error:  # a time-out, a malformed address
        reason = getattr(error, "reason", None) or error
        raise PictureNotFoundError(
            f"{address}: does not answer ({reason}); check the address and the network"
        ) from error


def _web() -> urllib.request.OpenerDirector:
    """What speaks http and https and nothing else, so that no redirect leads to a local file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _received(answer: HTTPResponse, most: int, deadline: float) -> bytes:
    """Up to `most` bytes of the body; the server may neither drip them nor break off."""
    promised, content = answer.length, bytearray()
    while len(content) < most and (part := answer.read1(most - len(content))):
        content += part
        if time.monotonic() > deadline:
            raise TimeoutError(f"not sent within {DEADLINE:g} s")
    if promised is not None and len(content) < min(promised, most):
        raise ConnectionError(f"broke off after {len(content)} of {promised} bytes")
    return bytes(content)
