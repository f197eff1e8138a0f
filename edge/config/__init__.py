"""One typed configuration: built-in values, then a TOML file, then the environment, then flags.

A table is a dataclass that stands where it is used; `BOUNDS` and `CHOICES` beside it say what its
keys may be. A key that is not known is refused, since a misspelt threshold that is silently
ignored is a missed alert.
"""

from edge.camera.config import CameraConfig
from edge.config.limits import BOUNDS, CHOICES
from edge.config.reading import load
from edge.config.sections import Config, ModelConfig, ServiceConfig

__all__ = [
    "BOUNDS",
    "CHOICES",
    "CameraConfig",
    "Config",
    "ModelConfig",
    "ServiceConfig",
    "load",
]
