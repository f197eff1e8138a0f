"""What only the page needs, beyond what a device has."""

from __future__ import annotations

from importlib.util import find_spec

from edge.errors import EX_UNAVAILABLE, EdgeError

PACKAGES = {"jinja2": "jinja2", "markdown_it": "markdown-it-py", "matplotlib": "matplotlib"}


class MissingPackageError(EdgeError, ImportError):
    """A package that an extra brings is not installed."""

    exit_code = EX_UNAVAILABLE


def check_installed() -> None:
    """See that the page can be made, before anything is measured for it.

    Raises:
        MissingPackageError: the `bench` extra is not installed.
    """
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise MissingPackageError(
            f"{', '.join(missing)} not installed; in the checkout: pip install -c "
            "requirements.lock -e '.[bench]', or make the page on another machine from the same "
            "results"
        )
