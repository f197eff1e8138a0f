"""The files that a conversion can make, and which of them were asked for."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import UsageError


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        precision: `float32`, `float16` (weights only), `dynamic` (int8 weights, float activations)
            or `int8`.
        container: `tflite` or `onnx`.
    """

    precision: str
    container: str

    @property
    def ending(self) -> str:
        """What its name ends in, and what `--formats` calls it."""
        return f"{self.precision}.{self.container}"

    def file(self, name: str) -> str:
        """Its file of the model `name`."""
        return f"{name}-{self.ending}"


FORMATS = (
    Format("float32", "tflite"),
    Format("float16", "tflite"),
    Format("dynamic", "tflite"),
    Format("int8", "tflite"),
    Format("float32", "onnx"),
    Format("int8", "onnx"),
)
ENDINGS = tuple(one.ending for one in FORMATS)
# The file that a device takes if it can, and what comes next: figures of one file are of the first.
PREFERRED = (3, 5, 2, 1, 0, 4)


def parse_formats(text: str) -> tuple[Format, ...]:
    """The formats of a list such as `int8.tflite,int8.onnx`, in the order of `FORMATS`.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    asked = {one.strip() for one in text.split(",") if one.strip()}
    if unknown := sorted(asked - set(ENDINGS)):
        raise UsageError(f"--formats: {unknown[0]!r} is not one of {', '.join(ENDINGS)}")
    if not asked:
        raise UsageError(f"--formats {text!r}: names none of {', '.join(ENDINGS)}")
    return tuple(one for one in FORMATS if one.ending in asked)


def preferred(formats: tuple[Format, ...]) -> Format:
    """The one of them that a device would take."""
    return next(FORMATS[index] for index in PREFERRED if FORMATS[index] in formats)
