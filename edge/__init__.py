"""What runs on the device: a camera frame goes in, an anger alert comes out, no picture leaves."""

import os
from importlib.metadata import PackageNotFoundError, version

# ONNX Runtime's telemetry is on by default and reads this when it is first imported, by whomever.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

try:
    __version__ = version("edge-emotion")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
