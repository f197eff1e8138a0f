"""What Prometheus asks: the state of service and board as metrics; what is unknown is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edge.camera.state import CameraState
from edge.errors import EX_UNAVAILABLE, EdgeError
from edge.health.board import REASONS, Board
from edge.message import one_line
from edge.status import SinkStatus, Status

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "edge_run_"

Sample = tuple[Sequence[str], float]


class MetricsNotInstalledError(EdgeError, ImportError):
    """The library that writes metrics is not there."""

    exit_code = EX_UNAVAILABLE


@dataclass(frozen=True)
class Figure:
    """One metric with its samples.

    Attributes:
        name: Without the prefix, and without the `_total` that a counter gets.
        help: What it counts, in one line.
        samples: Values, each with the values of `labels` in their order.
        labels: Names of the labels.
    """

    kind: Literal["gauge", "counter"]
    name: str
    help: str
    samples: Sequence[Sample]
    labels: tuple[str, ...] = ()


class Metrics:
    """Writes the metrics of one service; the library is loaded when they are first asked for.

    Args:
        status: Gives the newest state of the service.
        board: Gives a look at the board.
    """

    def __init__(self, status: Callable[[], Status], board: Callable[[], Board]) -> None:
        self._status, self._board = status, board
        self._registry: CollectorRegistry | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics as the library wants them."""
        status = self._status()
        yield from map(_family, (*of_service(status), *of_sinks(status.sinks)))
        yield from map(_family, of_board(self._board()))

    def text(self) -> bytes:
        """Every metric in Prometheus' text format, `CONTENT_TYPE`.

        Raises:
            MetricsNotInstalledError: prometheus_client is not installed.
        """
        try:
            from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
        except ImportError as error:
            raise MetricsNotInstalledError(
                "prometheus_client, which writes metrics, is not installed; run pip install "
                "'edge-emotion[metrics]' and restart the service"
            ) from error
        if self._registry is None:
            registry = CollectorRegistry()
            registry.register(self)
            ProcessCollector(registry=registry)
            self._registry = registry
        return generate_latest(self._registry)


def of_service(status: Status) -> Iterator[Figure]:
    """What the service sees and does."""
    about = (status.name, status.version, status.model, status.camera)
    yield Figure(
        "gauge", "info", "What runs.", [(about, 1)], ("name", "version", "model", "camera")
    )
    yield _gauge("blind", "1 while nothing can be judged: no data is not calm.", status.blind)
    words = dict.fromkeys([*(state.word for state in CameraState), status.camera_state])
    yield _labelled(
        "camera_state",
        "1 for the state that the camera is in.",
        "state",
        {word: word == status.camera_state for word in words},
    )
    yield _gauge("camera_state_seconds", "Time in that state.", status.state_for)
    yield _counter("camera_reconnects", "Times the camera was opened again.", status.reconnects)
    yield _counter(
        "camera_abandoned",
        "Threads given up because the camera's driver hung in them.",
        status.abandoned,
    )
    if status.frame_age is not None:
        yield _gauge(
            "frame_age_seconds", "Time since the last frame was looked at.", status.frame_age
        )
    yield _counter("frames", "Frames looked at.", status.frames)
    yield _counter("frames_dropped", "Frames overtaken by a newer one.", status.dropped)
    yield _gauge("frames_per_second", "Frames looked at, over ten seconds.", status.fps)
    yield _labelled(
        "stage_seconds",
        "Mean time that a stage took, over the last minute.",
        "stage",
        {stage: spent / 1000 for stage, spent in status.stages_ms.items()},
    )
    yield _gauge("visitors", "Visitors in view.", status.visitors)
    yield _counter("visitors", "Visitors seen.", status.visitors_total)
    yield _counter(
        "faces_overexposed",
        "Faces in frames that were too burnt out to be read.",
        status.overexposed_total,
    )
    yield _labelled("alerts", "Alerts raised.", "rule", status.alerts, "counter")
    yield _gauge("alerts_firing", "Alerts that are raised now.", status.firing)
    yield _counter("alerts_held_back", "Alerts that the cap held back.", status.held_back)
    yield _gauge("outbox_on_disk", "1 while alerts are kept on disk.", not status.outbox)
    yield _gauge("stale_workers", "Threads that have not said they live.", len(status.stale))
    yield _labelled(
        "heartbeat_age_seconds",
        "Time since a stale thread last said that it lives; absent for the others.",
        "worker",
        status.stale,
    )


def of_sinks(sinks: Mapping[str, SinkStatus]) -> Iterator[Figure]:
    """How deliveries go, by sink."""
    ended = [
        ((name, state), getattr(sink, state))
        for name, sink in sinks.items()
        for state in ("sent", "dead", "expired")
    ]
    yield Figure("counter", "deliveries", "Deliveries that ended.", ended, ("sink", "state"))
    for name, about, values in (
        ("deliveries_pending", "Deliveries waiting.", {n: s.pending for n, s in sinks.items()}),
        (
            "sink_failing",
            "1 while the last try has failed.",
            {n: bool(s.error) for n, s in sinks.items()},
        ),
        (
            "sink_disabled",
            "1 once the other side has asked never to be called again.",
            {n: s.disabled for n, s in sinks.items()},
        ),
    ):
        yield _labelled(name, about, "sink", values)


def of_board(board: Board) -> Iterator[Figure]:
    """How the board is; only what it tells."""
    if board.model is not None:
        yield Figure("gauge", "board_info", "The board.", [((board.model,), 1)], ("model",))
    for name, about, value in (
        ("temperature_celsius", "Temperature of the processor.", board.temperature),
        ("under_voltage", "1 while the power supply is too weak.", board.under_voltage),
        ("clock_hertz", "Clock of the first core.", board.clock),
        ("memory_available_bytes", "Memory that programs can still get.", board.memory_available),
        ("memory_size_bytes", "Memory of the board.", board.memory_total),
        ("disk_free_bytes", "Free space where state is kept.", board.disk_free),
        ("disk_size_bytes", "Size of the file system where state is kept.", board.disk_total),
    ):
        if value is not None:
            yield _gauge(name, about, value)
    if board.throttled is not None:
        for name, about, reasons in (
            ("throttled", "1 while the board is slowed down for this.", board.throttled.now),
            (
                "throttled_lately",
                "1 if it was since the kernel last asked, two seconds ago or less.",
                board.throttled.lately,
            ),
        ):
            values = {reason: reason in reasons for reason in REASONS}
            yield _labelled(name, about, "reason", values)


def _gauge(name: str, about: str, value: float) -> Figure:
    return Figure("gauge", name, about, [((), value)])


def _counter(name: str, about: str, value: float) -> Figure:
    return Figure("counter", name, about, [((), value)])


def _labelled(
    name: str,
    about: str,
    label: str,
    values: Mapping[str, float],
    kind: Literal["gauge", "counter"] = "gauge",
) -> Figure:
    return Figure(kind, name, about, [((key,), value) for key, value in values.items()], (label,))


def _family(figure: Figure) -> Metric:
    """The figure as the library's object; texts come from outside and are made fit to show."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    kind = GaugeMetricFamily if figure.kind == "gauge" else CounterMetricFamily
    family: GaugeMetricFamily | CounterMetricFamily = kind(
        PREFIX + figure.name, figure.help, labels=figure.labels
    )
    for labels, value in figure.samples:
        family.add_metric([one_line(label) for label in labels], float(value))
    return family
