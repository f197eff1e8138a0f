"""One http POST with one deadline for all of it, however slowly the other side drips."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.http_address import PORTS, Address
from edge.alerts.sinks.http_answer import Answer
from edge.bounded import Bounded
from edge.message import one_line

MOST_READ = 64 * 1024  # bytes of an answer's body


class Deadline:
    """A moment beyond which nothing may go on, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("time is up")
        return left


class Poster:
    """Posts to one address, over a new connection each time.

    The files are read at each request, since certificates are renewed in a year.

    Args:
        ca_file: PEM file with the authorities to trust; '' for the system's.
        cert_file: PEM file with a client certificate and its key; '' for none.
    """

    def __init__(self, address: Address, ca_file: str = "", cert_file: str = "") -> None:
        self.address = address
        self._ca_file, self._cert_file = ca_file, cert_file
        self._resolver = Bounded("look-up")
        self._reached: tuple[socket.socket, Deadline] | None = None

    def reach(self, timeout: float) -> None:
        """Connect for the next `post`, which has what is left of these seconds.

        Raises:
            SendError: there is no connection.
        """
        self.close()
        deadline = Deadline(timeout)
        try:
            self._reached = self._connect(deadline), deadline
        except OSError as error:
            if isinstance(error, SendError):
                raise
            raise SendError(f"{self.address.shown} {_before(error, timeout)}") from error

    def close(self) -> None:
        """Close the connection that no `post` has used."""
        if self._reached is not None:
            self._reached[0].close()
            self._reached = None

    def post(self, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """Post the body. No proxy is used and no redirect followed.

        Args:
            timeout: Seconds for look-up, connection, encryption, request and answer together,
                unless `reach` has begun.

        Raises:
            SendError: no answer; certain as long as not all of the request was sent.
        """
        headers = {"Connection": "close", **headers}
        if self.address.authorization:
            headers["Authorization"] = self.address.authorization
        if self._reached is None:
            self.reach(timeout)
        assert self._reached
        (sock, deadline), self._reached = self._reached, None
        sent = False
        try:
            with sock:
                connection = _connection(sock, self.address, deadline)
                connection.request("POST", self.address.target, body, headers)
                sent = True
                with connection.getresponse() as response:
                    return _answer(response)
        except (OSError, http.client.HTTPException) as error:
            told = _after(error, timeout) if sent else _before(error, timeout)
            raise SendError(f"{self.address.shown} {told}", certain=not sent) from error

    def _connect(self, deadline: Deadline) -> socket.socket:
        """A connection to the first of the host's addresses that takes one.

        Each gets its share of the time, so that a network that swallows IPv6 leaves some to IPv4.
        """
        failure = OSError("has no address")
        found = self._look_up(deadline)
        for number, (family, kind, protocol, _, where) in enumerate(found):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(deadline.left() / (len(found) - number))
                sock.connect(where)
                sock.settimeout(deadline.left())
                return self._encrypted(sock)
            except OSError as error:
                sock.close()
                failure = error
        raise failure

    def _look_up(self, deadline: Deadline) -> list[Any]:
        host, port = self.address.host, self.address.port
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            return self._resolver.call(look_up, deadline.left())
        except (OSError, UnicodeError) as error:  # a TimeoutError is an OSError
            reason = error.strerror if isinstance(error, socket.gaierror) else "no answer"
            raise SendError(
                f"{self.address.shown}: the name cannot be looked up ({reason}); "
                "check the network and the address"
            ) from error

    def _encrypted(self, sock: socket.socket) -> socket.socket:
        if self.address.scheme == "http":
            return sock
        return self._context().wrap_socket(sock, server_hostname=self.address.host)

    def _context(self) -> ssl.SSLContext:
        file = self._ca_file
        try:
            context = ssl.create_default_context(cafile=file or None)
            if file := self._cert_file:
                # without the callback OpenSSL would ask a terminal for a passphrase
                context.load_cert_chain(file, password=lambda: "")
        except OSError as error:  # an SSLError is one
            reason = one_line(error.strerror or str(error))
            raise SendError(f"{file}: cannot be used ({reason}); give a PEM file") from error
        return context


class _Reader(io.RawIOBase):
    """What a socket receives; the time left is set anew before each read."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: Deadline) -> None:
        self._sock, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that reads until the deadline, not for a time-out after each byte."""

    def __init__(self, deadline: Deadline, sock: socket.socket, **options: Any) -> None:
        super().__init__(sock, **options)
        self.fp = io.BufferedReader(_Reader(sock, self.fp.detach(), deadline))


def _connection(
    sock: socket.socket, address: Address, deadline: Deadline
) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(address.host, address.port)
    connection.default_port = PORTS[address.scheme]  # which the header Host leaves out
    connection.response_class = partial(_Response, deadline)  # type: ignore[assignment]
    connection.sock = sock
    sock.settimeout(deadline.left())
    return connection


def _answer(response: http.client.HTTPResponse) -> Answer:
    """The status decides; the body is taken out of politeness, and may break off."""
    with suppress(OSError, http.client.HTTPException):
        response.read(MOST_READ)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers)


def _before(error: OSError | http.client.HTTPException, timeout: float) -> str:
    """Why the request was not sent."""
    if isinstance(error, TimeoutError):
        return f"takes no connection within {timeout:g} s; check the network and the address"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that is not trusted ({error.verify_message}); "
            "give its authority as ca_file, or check this device's date"
        )
    if isinstance(error, ssl.SSLError):
        return f"cannot be reached encrypted ({_reason(error)}); check that it speaks https"
    return f"cannot be reached ({_reason(error)}); check the network and the address"


def _after(error: OSError | http.client.HTTPException, timeout: float) -> str:
    """Why no answer came."""
    if isinstance(error, TimeoutError):
        return f"has not answered within {timeout:g} s"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "closed the connection without an answer"
    if isinstance(error, http.client.HTTPException):
        return "answers with what is not http; check the address"
    return f"broke off before it answered ({_reason(error)})"


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return str(error.reason).lower().replace("_", " ")
    return one_line(getattr(error, "strerror", None) or str(error))
