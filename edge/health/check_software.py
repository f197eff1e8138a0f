"""The doctor on what must be installed: Python, OpenCV, the model and what runs it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edge.errors import ConfigError, EdgeError, ModelError
from edge.health.finding import Finding, failed, ok, refused, warning

if TYPE_CHECKING:
    from edge.config import Config
    from edge.vision.expression import ExpressionModel

OPENCV = "pip install 'opencv-python-headless>=4.11,<5' with the versions in requirements.lock"


def python() -> Iterator[Finding]:
    """Which Python runs this; the package refuses to be installed in one that is too old."""
    yield ok("python", f"{platform.python_version()} on {platform.machine()}")


def opencv() -> Iterator[Finding]:
    """Whether OpenCV has the face cascade, which version 5 has not."""
    try:
        import cv2
    except Exception as error:  # numpy's version does not fit: ImportError, ValueError, ...
        yield failed("opencv", f"cannot be loaded ({error})", OPENCV)
        return
    version = str(getattr(cv2, "__version__", "0"))
    if not version.startswith("4.") or not hasattr(cv2, "CascadeClassifier"):
        yield failed("opencv", f"{version} has no face cascade", OPENCV)
        return
    from edge.vision.detect import Detector

    try:
        Detector()
    except ModelError as error:
        yield refused("opencv", str(error), "reinstall edge-emotion")
    else:
        yield ok("opencv", f"{version} with the face cascade")


def model(config: Config) -> Iterator[Finding]:
    """Whether the model is the one of its card, and which interpreter runs it."""
    from edge.vision.expression import MODULES, fitting_runtimes
    from edge.watch import load_configured

    try:
        loaded = load_configured(config)
    except EdgeError as error:
        yield refused("model", str(error), "reinstall edge-emotion, or set model.path")
        return
    told = f"{loaded.path}: hash agrees with {loaded.card.path.name}"
    yield ok("model", f"{told}; edge-run --self-test checks what it computes")
    fitting = fitting_runtimes(loaded.card.files[loaded.path.name]["format"])
    installed = [one for one in fitting if is_installed(MODULES[one])]
    others = ", ".join(one for one in installed if one != loaded.runtime)
    yield ok(
        "interpreter",
        f"{loaded.runtime} runs it" + (f"; also installed: {others}" if others else ""),
    )
    yield from _rules(config, loaded)


def _rules(config: Config, loaded: ExpressionModel) -> Iterator[Finding]:
    if not config.rules:
        advice = "add [rules.anger] to the configuration; edge-run --print-config shows its keys"
        yield warning("rules", "there is none: nothing will be raised", advice)
        return
    from edge.watch import check_rules

    try:
        check_rules(config, loaded)
    except ConfigError as error:
        yield refused("rules", str(error), "edge-run --print-config shows their keys")
    else:
        yield ok("rules", ", ".join(config.rules))


def is_installed(module: str) -> bool:
    """Whether a module is there, found without loading it."""
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
