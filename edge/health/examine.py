"""Running the doctor's checks side by side, each as long as it may take and no longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from edge.errors import EdgeError
from edge.health.finding import Check, Finding, refused, unknown

SECONDS = 10.0  # for all checks together; a name server that is away takes 5 to 10


def examine(checks: Sequence[Check], seconds: float = SECONDS) -> Iterator[Finding]:
    """The findings of each check, in the order of the checks.

    A check that hangs is left behind: a camera's driver may never answer.

    Args:
        checks: Each is run on a thread of its own.
        seconds: From the start, after which what is missing is unknown.
    """
    end = time.monotonic() + seconds
    running = [(check, _started(check)) for check in checks]
    for check, future in running:
        try:
            yield from future.result(max(0.0, end - time.monotonic()))
        except TimeoutError as error:
            if future.done():
                yield _raised(check.name, error)
            else:
                advice = "try again; if it stays so, this is where it hangs"
                yield unknown(check.name, f"no answer in {seconds:g} s", advice)
        except Exception as error:
            yield _raised(check.name, error)


def _started(check: Check) -> Future[list[Finding]]:
    future: Future[list[Finding]] = Future()

    def run() -> None:
        try:
            future.set_result(list(check.look()))
        except Exception as error:
            future.set_exception(error)
        except BaseException as error:  # sys.exit within a library
            future.set_exception(RuntimeError(repr(error)))

    threading.Thread(target=run, name=f"check {check.name}", daemon=True).start()
    return future


def _raised(name: str, error: Exception) -> Finding:
    """An error raised on purpose says what is wrong and what to do; any other is a bug here."""
    if isinstance(error, EdgeError):
        return refused(name, str(error), "mend it, and run this again")
    told = f"the check itself failed ({type(error).__name__}: {error})"
    return unknown(name, told, "report it with the version that edge-run --version tells")
