"""The one table of networks: what each is, where it comes from, and in which sizes it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.errors import UsageError

LARGEST = 224  # pixels, ImageNet's; faces of 48 gain nothing beyond


@dataclass(frozen=True)
class Architecture:
    """One network.

    Attributes:
        name: As `--arch` takes it.
        about: What it is, in a few words.
        source: The paper it was published in, or what it follows.
        builder: Where its features are built: `module:function` in this package.
        input_size: Side of the input if nothing else is asked for, in pixels.
        smallest, largest: Bounds of that side.
        alphas: Bounds of the width; (1, 1) where there is but one.
        imagenet: The terms of the ImageNet weights it can start from; empty where there are none.
        weights_of: The network that those were made for, where it is not this one.
    """

    name: str
    about: str
    source: str
    builder: str
    input_size: int
    smallest: int = 32
    largest: int = LARGEST
    alphas: tuple[float, float] = (1.0, 1.0)
    imagenet: str = ""
    weights_of: str = ""

    @property
    def has_alpha(self) -> bool:
        """Whether it comes in several widths."""
        return self.alphas[0] < self.alphas[1]

    def check(self, input_size: int, alpha: float = 1.0, backbone_weights: str = "none") -> None:
        """Refuse what this network is not built with.

        Raises:
            UsageError: the size, the width or the weights; the message says what is possible.
        """
        if not self.smallest <= input_size <= self.largest:
            raise UsageError(
                f"--input-size {input_size}: {self.name} takes {self.smallest} to {self.largest}"
            )
        low, high = self.alphas
        if not low <= alpha <= high:
            possible = f"takes {low:g} to {high:g}" if self.has_alpha else "has one width; leave it"
            raise UsageError(f"--alpha {alpha:g}: {self.name} {possible}")
        if backbone_weights != "none" and not self.imagenet:
            those = ", ".join(one.name for one in ARCHITECTURES.values() if one.imagenet)
            raise UsageError(
                f"--backbone-weights {backbone_weights}: there are none for {self.name}, only for "
                f"{those}; give 'none'"
            )


def find(name: str) -> Architecture:
    """The architecture of this name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise UsageError(f"--arch {name}: unknown; known: {', '.join(ARCHITECTURES)}") from None


def _by_name(*architectures: Architecture) -> Mapping[str, Architecture]:
    return {one.name: one for one in architectures}


ARCHITECTURES: Mapping[str, Architecture] = _by_name(
    Architecture(
        name="mobilenetv2",
        about="inverted residuals with linear bottlenecks, in widths from 0.35 to 1.4",
        source="Sandler et al. 2018, arXiv:1801.04381",
        builder="mobilenetv2:mobilenetv2",
        input_size=64,
        alphas=(0.35, 1.4),
        imagenet="Apache-2.0",
    ),
    Architecture(
        name="mobilenetv2-fused",
        about="mobilenetv2 with dense first blocks, faster in int8: what is shipped, at 112 pixels",
        source="Gupta and Akin 2020, arXiv:2003.02838, in front of Sandler et al. 2018",
        builder="fused:fused",
        input_size=96,
        imagenet="Apache-2.0",
        weights_of="mobilenetv2",
    ),
    Architecture(
        name="vgg16",
        about="thirteen 3x3 convolutions in five blocks",
        source="Simonyan and Zisserman 2014, arXiv:1409.1556",
        builder="vgg:vgg16",
        input_size=48,
        imagenet="CC BY 4.0, Visual Geometry Group, Oxford",
    ),
    Architecture(
        name="vgg19",
        about="sixteen 3x3 convolutions in five blocks",
        source="Simonyan and Zisserman 2014, arXiv:1409.1556",
        builder="vgg:vgg19",
        input_size=48,
        imagenet="CC BY 4.0, Visual Geometry Group, Oxford",
    ),
    Architecture(
        name="resnet50",
        about="sixteen residual bottlenecks",
        source="He et al. 2015, arXiv:1512.03385",
        builder="resnet:resnet50",
        input_size=64,
        imagenet="MIT, Kaiming He",
    ),
    Architecture(
        name="cnn5",
        about="five blocks of two convolutions with batch norm",
        source="as commonly published for FER-2013; after VGG with Ioffe and Szegedy 2015",
        builder="plain:cnn5",
        input_size=48,
    ),
    Architecture(
        name="cnn3",
        about="three blocks of two convolutions, nothing else",
        source="as commonly published for FER-2013; after Simonyan and Zisserman 2014",
        builder="plain:cnn3",
        input_size=48,
    ),
    Architecture(
        name="mini",
        about="depthwise-separable, 30 thousand parameters, meant for int8",
        source="this package; blocks of MobileNet, Howard et al. 2017, arXiv:1704.04861",
        builder="separable:mini",
        input_size=48,
    ),
    Architecture(
        name="mini-xception",
        about="residual separable convolutions, 51 thousand parameters",
        source="Arriaga et al. 2017, arXiv:1710.07557",
        builder="separable:mini_xception",
        input_size=64,
    ),
)
