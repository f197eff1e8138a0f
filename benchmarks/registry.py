"""The benchmarks by name: what each answers, and how `edge-bench report --run` calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from benchmarks.chart import Chart
from benchmarks.result import Figure


@dataclass(frozen=True)
class Benchmark:
    """One benchmark as others see it.

    Attributes:
        answers: One sentence.
        module: Dotted path of the module that measures it; see `Module`.
        data: Whether it must have FER-2013, or may, or has no use for it.
        whole: Flags of its command for all that it can tell.
        quick: The same for a first look, in about a minute.
        headline: Which figures stand in a report's summary, as patterns of their names with `*`;
            the first of each thing measured if empty, or if the result has none of these.
        alone: Why it is only ever started by hand; empty if `report --run` may.
    """

    answers: str
    module: str
    data: Literal["must", "may", "no"] = "no"
    whole: Sequence[str] = ()
    quick: Sequence[str] = ()
    headline: Sequence[str] = ()
    alone: str = ""


class Module(Protocol):
    """What the module of each benchmark holds, beside its `measure`."""

    def as_text(self, measured: dict[str, Any]) -> str:
        """All that was measured, as Markdown."""

    def figures(self, measured: dict[str, Any]) -> list[Figure]:
        """The few that runs are compared by."""

    def charts(self, measured: dict[str, Any]) -> list[Chart]:
        """What is worth a picture."""


# in the order in which a reader asks
BENCHMARKS = {
    "accuracy": Benchmark(
        "How often is each shipped file right, and what does int8 cost against the float model?",
        "benchmarks.accuracy",
        data="must",
        whole=("--end-to-end", "--robustness"),
        headline=("*-int8.tflite/*/accuracy",),
    ),
    "alerts": Benchmark(
        "Of visits to the desk, how many angry ones are alerted, and how many calm ones falsely?",
        "benchmarks.alerts",
        data="must",
        quick=("--visits", "2", "--faces", "300"),
    ),
    "latency": Benchmark(
        "How many milliseconds do a file, a stage of the pipeline and a whole frame take?",
        "benchmarks.latency",
        quick=("--quick",),
        headline=("*-int8.tflite/*/p50", "640x480/1 face/cpu", "640x480/1 face/sustained"),
    ),
    "peers": Benchmark(
        "How does a frame's CPU time compare with the loops and packages that people use?",
        "benchmarks.peers",
        data="may",
        quick=("--frames", "30", "--faces", "100"),
        headline=(
            "edge-run/cpu",
            "first loop/*times*",
            "OpenCV*/*times*",
            "fer/*times*",
            "*times*",
        ),
    ),
    "startup": Benchmark(
        "How soon is the first frame looked at, and how much memory does the service take?",
        "benchmarks.startup",
        quick=("--runs", "2"),
    ),
    "soak": Benchmark(
        "Does anything grow while the service runs: memory, files, threads, delay?",
        "benchmarks.soak",
        quick=("--minutes", "1"),
        headline=("RSS", "RSS/slope", "dropped", "p99 of a frame"),
    ),
    "energy": Benchmark(
        "What does watching cost in joules or CPU-seconds, idle and with a visitor?",
        "benchmarks.energy",
        quick=("--seconds", "5"),
    ),
    "faults": Benchmark(
        "What is lost when everything fails that fails at a desk?",
        "benchmarks.faults",
        quick=("--quick",),
        alone="it kills, fills and stops things for half an hour",
    ),
    "architectures": Benchmark(
        "What do the networks reach when each is trained for the same few CPU minutes?",
        "benchmarks.architectures",
        data="must",
        alone="it trains every network, for an hour or more",
    ),
}


def module_of(name: str) -> Module:
    """The module of a benchmark in `BENCHMARKS`."""
    return cast(Module, import_module(BENCHMARKS[name].module))
