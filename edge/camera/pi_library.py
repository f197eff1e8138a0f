"""picamera2 itself: is it there, does it fit, and which of its cameras is meant."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

INSTALL = (
    "apt install python3-picamera2 --no-install-recommends, and make the virtual environment with "
    "python3 -m venv --system-site-packages"
)


def load() -> Any:
    """The module picamera2.

    Raises:
        CameraError: it is not there, too old, or does not fit the numpy that is installed.
    """
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")  # it tells stderr of each opening
    try:
        module = import_module("picamera2")
    except ImportError as error:
        if "numpy" in str(error):  # 'numpy.core.multiarray failed to import'
            raise CameraError(_clash(error)) from error
        missing = error.name or "picamera2"
        raise CameraError(f"the Python module {missing} is not installed: {INSTALL}") from error
    except (ValueError, AttributeError) as error:  # 'numpy.dtype size changed', '_ARRAY_API'
        raise CameraError(_clash(error)) from error
    except Exception as error:  # what its own libraries raise, libcamera's among them
        raise CameraError(f"picamera2 cannot be loaded ({error}); reinstall: {INSTALL}") from error
    if not hasattr(module.Picamera2, "cancel_all_and_flush"):
        raise CameraError("picamera2 is older than 0.3.21; apt update && apt full-upgrade")
    return module


def _clash(error: Exception) -> str:
    return (
        f"picamera2 does not fit the numpy in this environment ({error}); on Bookworm, "
        'pip install "numpy<2" "opencv-python-headless<4.12", on Trixie pip install "numpy>=2"'
    )


def find(which: str, cameras: Sequence[dict[str, Any]]) -> int:
    """The place in `cameras` of the one that is meant.

    Args:
        which: Its place as a number, its Id or its Model; empty for the first.
        cameras: As `Picamera2.global_camera_info()` lists them.

    Raises:
        CameraError: there is none such, or more than one.
    """
    if not cameras:
        raise CameraFault(
            "no Raspberry Pi camera is there; check both ends of its cable with the power off, "
            "then see what rpicam-hello --list-cameras says (apt install rpicam-apps-lite)",
            CameraState.UNPLUGGED,
        )
    named = which or "0"
    places = [
        place
        for place, camera in enumerate(cameras)
        if named in (str(place), camera.get("Id"), camera.get("Model"))
    ]
    if len(places) == 1:
        return places[0]
    known = ", ".join(
        f"{place} ({camera.get('Model')}, {camera.get('Id')})"
        for place, camera in enumerate(cameras)
    )
    reason = "is the name of several" if places else "is none of the cameras"
    raise CameraError(f"{which!r} {reason}; there are {known}; choose one by its number or Id")
