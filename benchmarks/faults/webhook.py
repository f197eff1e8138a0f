"""A webhook that misbehaves in every way that webhooks do, and then takes what it is sent again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from benchmarks.progress import progress
from benchmarks.receiver import (
    Behaviour,
    Receiver,
    Request,
    answers,
    drips,
    hangs_up,
    is_silent,
    says,
)
from edge.alerts.config import OutboxConfig
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Kind, Notification
from edge.alerts.outbox import Outbox
from edge.alerts.sinks.base import SendError, Sink
from edge.alerts.sinks.webhook import WebhookConfig, make
from edge.backoff import Backoff

SINK = "desk"
TIMEOUT = 0.15  # seconds of the sink; ten in service
HURRY = 0.05  # seconds that it is left alone at most, whatever it asks for
BACKOFF = Backoff(first=0.02, most=HURRY)
TRIES = 2  # that fail, before it is mended
PATIENCE = 30.0  # seconds after which what has not come counts as lost

GARBAGE = bytes(range(256)) * 20
# what it does until it is mended; it then gets all that it was told to wait for
PASSING: Mapping[str, Behaviour | None] = {
    "a webhook that never answers": is_silent,
    "a webhook that drips a byte now and then": drips(b"HTTP/1.1 200 OK\r\nX-Long: y"),
    "a webhook that redirects": answers(302, {"Location": "http://elsewhere.example/"}),
    "a webhook that answers 401": answers(401),
    "a webhook that answers 429": answers(429, {"Retry-After": "30"}),
    "a webhook that answers 500": answers(500),
    "a webhook that answers 503": answers(503, {"Retry-After": "soon"}),
    "a webhook that answers garbage": says(GARBAGE),
    "a webhook that hangs up": hangs_up,
    "a webhook that goes away": None,  # nobody listens
}


class Hurried:
    """A sink that asks for less patience than it should, so that this ends today.

    Args:
        sink: The real one; all but the time it asks for is its own.
    """

    def __init__(self, sink: Sink) -> None:
        self.name, self._sink = sink.name, sink
        self._changed = threading.Condition()
        self.refusals: list[str] = []

    def send(self, notification: Notification) -> None:
        """Send it, noting how it goes."""
        try:
            self._sink.send(notification)
        except SendError as error:
            error.retry_after = min(error.retry_after or 0.0, HURRY)
            with self._changed:
                self.refusals.append(str(error))
                self._changed.notify_all()
            raise

    def close(self) -> None:
        """Close the real one."""
        self._sink.close()

    def wait(self, refusals: int) -> bool:
        """Whether there come to be so many refusals."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.refusals) >= refusals, PATIENCE)


class Desk:
    """One webhook, the outbox that serves it, and what became of everything.

    Args:
        folder: For the outbox.
    """

    def __init__(self, folder: Path) -> None:
        self.receiver = Receiver(self._behave)
        self.receiver.appear()
        self.fault: Behaviour | None = None
        self.put: list[Notification] = []
        self.accepted: list[Notification] = []
        self._changed = threading.Condition()
        config = WebhookConfig(url=self.receiver.url, secret="whsec_c2VjcmV0", timeout=TIMEOUT)
        self.sink = Hurried(make(SINK, config, "bench"))
        outbox = Outbox(OutboxConfig(path=str(folder / f"{uuid4().hex}.sqlite3")))
        self.dispatcher = Dispatcher(
            outbox, [(self.sink, config)], lambda _name, _limit: lambda: None, backoff=BACKOFF
        )
        self.dispatcher.start()

    def close(self) -> None:
        """End everything."""
        self.receiver.vanish()
        self.dispatcher.stop(PATIENCE)

    def _behave(self, request: Request) -> None:
        if self.fault is not None:
            self.fault(request)
            return
        answers(204)(request)
        with self._changed:
            self.accepted.append(Notification.from_json(request.body.decode()))
            self._changed.notify_all()

    def tell(self, kind: Kind, incident: str) -> Notification:
        """Put a notification."""
        at = datetime.now(UTC).isoformat()
        self.put.append(
            Notification(
                uuid4().hex, incident, kind, "visitor", "bench", "anger", at, f"{kind} {incident}"
            )
        )
        self.dispatcher.put(self.put[-1])
        return self.put[-1]

    def has(self, *notifications: Notification) -> bool:
        """Whether it comes to accept these."""
        with self._changed:
            return self._changed.wait_for(
                lambda: {one.id for one in notifications} <= {one.id for one in self.accepted},
                PATIENCE,
            )

    def doubled(self) -> int:
        """Happenings told under more than one key, and keys whose words changed between tries."""
        told = {(one.headers["webhook-id"], one.body) for one in self.receiver.requests}
        changed = len(told) - len({ident for ident, _ in told})
        notices = {ident: Notification.from_json(body.decode()) for ident, body in told}
        happenings = {(one.incident, one.kind) for one in notices.values()}
        return len(notices) - len(happenings) + changed

    def told(self) -> str:
        """The newest refusal, its port left out, and the number of all."""
        text = self.sink.refusals[-1].replace(self.receiver.url, "it") if self.sink.refusals else ""
        return f"{text} ({len(self.sink.refusals)} tries)"


@contextmanager
def _desk(folder: Path) -> Iterator[Desk]:
    desk = Desk(folder)
    try:
        yield desk
    finally:
        desk.close()


def _passing(fault: Behaviour | None, times: int, folder: Path) -> dict[str, Any]:
    """Break it, tell it something, mend it; so many times."""
    lost = 0
    with _desk(folder) as desk:
        for _ in range(times):
            desk.fault = fault
            if fault is None:
                desk.receiver.vanish()
            before, incident = len(desk.sink.refusals), uuid4().hex
            firing = desk.tell("firing", incident)
            desk.sink.wait(before + TRIES)
            desk.fault = None
            if fault is None:
                desk.receiver.appear()
            resolved = desk.tell("resolved", incident)
            lost += 0 if desk.has(firing, resolved) else 1
        return {"lost": lost, "doubled": desk.doubled(), "told": desk.told()}


def _refused(times: int, folder: Path) -> dict[str, Any]:
    """It will never take one alert; the next one must arrive, and no end of the first."""
    lost = doubled = 0
    with _desk(folder) as desk:
        for _ in range(times):
            desk.fault = answers(400)
            before = len(desk.sink.refusals)
            bad = desk.tell("firing", uuid4().hex)
            desk.sink.wait(before + 1)
            desk.fault = None
            end = desk.tell("resolved", bad.incident)
            lost += 0 if desk.has(desk.tell("firing", uuid4().hex)) else 1
            doubled += end.id in {one.id for one in desk.accepted}
        told = f"{desk.told()}; each next alert arrived"
        return {"lost": lost, "doubled": doubled + desk.doubled(), "told": told}


def _gone(times: int, folder: Path) -> dict[str, Any]:
    """It wants no more: it must never be called again, and what waits must be accounted for."""
    lost = doubled = 0
    told = ""
    for _ in range(times):
        with _desk(folder) as desk:
            desk.fault = answers(410)
            desk.tell("firing", uuid4().hex)
            desk.sink.wait(1)
            desk.fault = None
            desk.tell("firing", uuid4().hex)
            # a stop sends whatever may still be sent
            desk.dispatcher.stop(PATIENCE)
            status = desk.dispatcher.status()[1][SINK]
            lost += len(desk.put) - status.dead
            doubled += len(desk.receiver.requests) - 1
            told = f"{desk.told()}; the sink is {'off' if status.disabled else 'on'}"
    return {"lost": lost, "doubled": doubled, "told": told}


def measure(times: int) -> dict[str, Any]:
    """Let a webhook misbehave in each way.

    Args:
        times: Alerts with their ends, for each way.

    Returns:
        `rows`, as every module here.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        ways: dict[str, Callable[[], dict[str, Any]]] = {
            fault: lambda behave=behave: _passing(behave, times, folder)  # type: ignore[misc]
            for fault, behave in PASSING.items()
        }
        ways["a webhook that answers 400"] = lambda: _refused(times, folder)
        ways["a webhook that answers 410"] = lambda: _gone(times, folder)
        rows = [
            {"fault": fault, "times": times, **ways[fault]()} for fault in progress(ways, "webhook")
        ]
    return {"rows": rows}
