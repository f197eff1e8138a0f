"""A real mosquitto of one's own, to be stopped, killed, and made to refuse."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from pathlib import Path

PROGRAM = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
_LOG = "log_dest stderr\nlog_type error\nlog_type information\nconnection_messages false\n"


class Mosquitto:
    """A broker on a free port of the loopback interface, which it keeps through restarts.

    Args:
        folder: For its configuration.
        settings: Further lines of `mosquitto.conf`; without any, everybody may do everything.
    """

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._configuration = folder / f"mosquitto-{self.port}.conf"
        # as root it would become another user, who cannot read a folder under /root or /tmp
        lines = f"listener {self.port} 127.0.0.1\nuser root\npersistence false\n{_LOG}{settings}\n"
        self._configuration.write_text(lines, encoding="utf-8")

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            RuntimeError: it ends instead; with what it said.
        """
        command = [str(PROGRAM), "-c", str(self._configuration)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = ""
        for line in self._process.stderr:
            said += line
            if line.rstrip().endswith("running"):
                return
        raise RuntimeError(f"mosquitto ended: {said}")

    def stop(self) -> None:
        """End it as systemd would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        if number == signal.SIGTERM:  # one that is paused would not hear it
            self.resume()
        for _ in range(60):
            self._process.send_signal(number)
            try:
                self._process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                continue  # it forgets a SIGTERM that comes in the first moment of its main loop
        self._process = None

    def pause(self) -> None:
        """Let it answer nothing, while the kernel still takes connections for it."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def reload(self) -> None:
        """Let it read its password and access files again."""
        self._signal(signal.SIGHUP)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
