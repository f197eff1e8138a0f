"""Notifications to a program on this device, which reads them on standard input."""

from __future__ import annotations

from dataclasses import dataclass

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.errors import ConfigError
from edge.message import one_line

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MISCONFIGURED = 78  # EX_CONFIG of sysexits: the program says that only a person can help
SLOWLY = 120.0  # seconds between tries of what only a person can mend


@dataclass(frozen=True)
class CommandConfig(SinkConfig):
    """A program that is run once a notification, without a shell.

    Attributes:
        type: `command`.
        command: The program and its arguments. It gets the notification as JSON on standard input
            and accepts it by exit status 0.
    """

    type: str = "command"
    command: tuple[str, ...] = ()


BOUNDS = {"timeout": (0.1, 60.0)}


def make(name: str, config: CommandConfig, _device: str) -> CommandSink:
    """A command sink; nothing is run yet.

    Raises:
        ConfigError: there is no command, or one that no system can run.
    """
    if not config.command or not config.command[0]:
        raise ConfigError(f'sinks.{name}: command is missing; e.g. ["/usr/bin/logger", "-t", "x"]')
    if any("\0" in word for word in config.command):
        raise ConfigError(f"sinks.{name}: command has a NUL character in it; remove it")
    return CommandSink(name, config.command, config.timeout)


class CommandSink:
    """Runs the program for each notification, in an environment that holds next to nothing.

    Args:
        timeout: Seconds that the program may take; it is then told to end, and killed.
    """

    def __init__(self, name: str, command: tuple[str, ...], timeout: float) -> None:
        self.name = name
        self._command, self._timeout = command, timeout

    def send(self, notification: Notification) -> None:
        """Run it and wait for its end.

        Raises:
            SendError: it cannot be run, says no, or does not end in time.
        """
        from edge.alerts.sinks.process import run

        program = one_line(self._command[0])
        try:
            ended = run(
                self._command, notification.as_json(), _environment(notification), self._timeout
            )
        except OSError as error:
            raise SendError(
                f"{program}: cannot be run ({error.strerror}); give the full path of a program "
                "that this service may execute",
                retry_after=SLOWLY,
            ) from error
        if ended.status is None:
            raise SendError(
                f"{program}: has not ended within {self._timeout:g} s and was killed; "
                "make it faster or its timeout longer",
                certain=False,
            )
        if ended.status:
            raise _refused(program, ended.status, ended.last_words)

    def close(self) -> None:
        """There is nothing to let go of."""


def _environment(notification: Notification) -> dict[str, str]:
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "EDGE_RUN_ID": notification.id,
        "EDGE_RUN_INCIDENT": notification.incident,
        "EDGE_RUN_KIND": notification.kind,
        "EDGE_RUN_PURPOSE": notification.purpose,
    }


def _refused(program: str, status: int, last_words: str) -> SendError:
    how = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    said = f": {one_line(last_words)}" if last_words else ""
    if status == MISCONFIGURED:
        return SendError(
            f"{program}: says that it is not configured ({how}){said}; configure it",
            retry_after=SLOWLY,
        )
    return SendError(f"{program}: did not accept it ({how}){said}")
