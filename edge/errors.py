"""Errors a person can act on: what happened, to what, what to do next.

Each class also derives from the built-in that a caller would catch, and carries the exit code
(sysexits) that a command ends with when the error reaches it.
"""

from __future__ import annotations

EX_USAGE = 64
EX_DATAERR = 65
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70
EX_CANTCREAT = 73
EX_CONFIG = 78
EX_INTERRUPTED = 130


class EdgeError(Exception):
    """Root of all errors raised on purpose by this package."""

    exit_code = EX_SOFTWARE


class UsageError(EdgeError, ValueError):
    """Flags that do not fit together."""

    exit_code = EX_USAGE


class ConfigError(EdgeError, ValueError):
    """A configuration that cannot be used; restarting does not mend it."""

    exit_code = EX_CONFIG


class ModelError(EdgeError, ValueError):
    """A model file or card that cannot be trusted; restarting does not mend it."""

    exit_code = EX_CONFIG


class InterpreterNotFoundError(ModelError, ImportError):
    """A model file that no interpreter installed here can read."""


class CameraError(EdgeError, OSError):
    """A camera that is not there, or has stopped."""

    exit_code = EX_UNAVAILABLE


class PictureError(EdgeError, ValueError):
    """A picture that cannot be read."""

    exit_code = EX_DATAERR


class PictureNotFoundError(PictureError, FileNotFoundError):
    """A picture, folder or address that is not there."""

    exit_code = EX_NOINPUT


class DataError(EdgeError, ValueError):
    """Training data that is not what its format promises."""

    exit_code = EX_DATAERR


class OutputError(EdgeError, OSError):
    """A result that cannot be written."""

    exit_code = EX_CANTCREAT
