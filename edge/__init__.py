"""What runs on the device: a camera frame goes in, an anger alert comes out, no picture leaves."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("edge-emotion")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
