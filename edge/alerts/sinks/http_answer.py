"""What the answer to a webhook means: accepted, try again, or never again. Knows no socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.http_address import Address
from edge.message import one_line

LONGEST = 3600.0  # no Retry-After keeps alerts waiting for longer
SLOWLY = 120.0  # between tries of what only a person can mend
LONGEST_HOST = 100  # letters of a redirect's host that a message repeats

MENDABLE = {
    401: "check its secret, user or password",
    403: "check that this device may post there",
    404: "check the path of its address",
}
TRANSIENT = (408, 425, 429)
PERHAPS_DONE = (502, 504)  # of a gateway that may have passed the request on


@dataclass(frozen=True)
class Answer:
    """An http answer without its text: that of many servers repeats the address, a secret.

    Attributes:
        status: The three digits.
        headers: By name in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(answer: Answer, address: Address, now: float) -> SendError | None:
    """The error that the answer amounts to; None where it accepts.

    A redirect is not followed: what is signed for one host must not go to another. What a person
    can mend while the alert still matters is tried again, slowly; any other 4xx answer would be
    the same for the same notification.

    Args:
        now: Unix seconds, for a Retry-After that is a date.
    """
    status, told = answer.status, f"{address.shown} answers {_named(answer.status)}"
    wait = retry_after(answer.headers, now)
    slowly = max(SLOWLY, wait or 0.0)
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return SendError(_redirect(answer, address), retry_after=slowly)
    if status == 410:
        return SendError(
            f"{told}: it wants no more; remove this sink or give its new address",
            permanent=True,
            disables=True,
        )
    if status in MENDABLE:
        return SendError(f"{told}; {MENDABLE[status]}", retry_after=slowly)
    if 400 <= status < 500 and status not in TRANSIENT:
        return SendError(f"{told}; it would for each try of this notification", permanent=True)
    perhaps_done = status < 200 or status in PERHAPS_DONE  # an interim answer says nothing yet
    return SendError(told, certain=not perhaps_done, retry_after=wait)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _redirect(answer: Answer, address: Address) -> str:
    """Tells only the host: what follows it in a redirect may be a secret, too."""
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        host = None
    where = (
        one_line(host)[:LONGEST_HOST] if host and host != address.host else "another of its pages"
    )
    return f"{address.shown} answers with a redirect to {where}; give that address as url"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the answer asks to be left alone, at most `LONGEST`; None where it does not.

    A date is compared with the answer's own, since the clock of a device without a battery may
    be far off.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text), LONGEST)
    until, date = _unix(text), _unix(headers.get("date", ""))
    if until is None:
        return None
    return min(max(until - (now if date is None else date), 0.0), LONGEST)


def _unix(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # whatever the year 0 or 99999 is
        return None
