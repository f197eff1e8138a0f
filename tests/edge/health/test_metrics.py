"""The metrics: named as Prometheus wants, read by its own parser, what is unknown left out."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from edge.camera.state import CameraState
from edge.health.board import Board, bits
from edge.health.metrics import Metrics, MetricsNotInstalledError, of_board, of_service, of_sinks
from edge.status import SinkStatus, Status

FULL = Status(
    name="desk",
    version="1.2",
    model="emotion-int8.tflite on litert",
    camera='rtsp://u:***@host/"\\\n',
    camera_state="slow",
    blind=False,
    state_for=61.5,
    reconnects=3,
    abandoned=1,
    frames=1000,
    dropped=20,
    fps=9.8,
    frame_age=0.1,
    visitors=2,
    visitors_total=7,
    overexposed_total=31,
    alerts={"anger": 2, "sadness": 0},
    firing=1,
    held_back=4,
    stages_ms={"detect_full": 14.5, "classify": 2.0},
    outbox="outbox in memory: disk full",
    sinks={
        "desk": SinkStatus(pending=2, sent=5, dead=1, expired=3, error="refused"),
        "lamp": SinkStatus(disabled=True),
    },
    stale={"watch": 23.1},
)
BOARD = Board(
    model="Raspberry Pi 4 Model B Rev 1.4",
    under_voltage=True,
    throttled=bits(0x40001),
    temperature=51.2,
    clock=600_000_000,
    memory_total=4 << 30,
    memory_available=1 << 30,
    disk_total=32 << 30,
    disk_free=16 << 30,
)


def samples(status: Status, board: Board = BOARD) -> dict[str, float]:
    """Each sample by its name with its labels."""
    text = Metrics(lambda: status, lambda: board).text().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def test_every_figure_of_the_status_is_told():
    told = samples(FULL)
    expected = {
        "edge_run_blind": 0,
        "edge_run_camera_state{state=slow}": 1,
        "edge_run_camera_state{state=ok}": 0,
        "edge_run_camera_state_seconds": 61.5,
        "edge_run_camera_reconnects_total": 3,
        "edge_run_camera_abandoned_total": 1,
        "edge_run_frame_age_seconds": 0.1,
        "edge_run_frames_total": 1000,
        "edge_run_frames_dropped_total": 20,
        "edge_run_frames_per_second": 9.8,
        "edge_run_stage_seconds{stage=detect_full}": 0.0145,
        "edge_run_visitors": 2,
        "edge_run_visitors_total": 7,
        "edge_run_faces_overexposed_total": 31,
        "edge_run_alerts_total{rule=anger}": 2,
        "edge_run_alerts_total{rule=sadness}": 0,
        "edge_run_alerts_firing": 1,
        "edge_run_alerts_held_back_total": 4,
        "edge_run_deliveries_total{sink=desk,state=sent}": 5,
        "edge_run_deliveries_total{sink=desk,state=dead}": 1,
        "edge_run_deliveries_total{sink=desk,state=expired}": 3,
        "edge_run_deliveries_pending{sink=desk}": 2,
        "edge_run_sink_failing{sink=desk}": 1,
        "edge_run_sink_failing{sink=lamp}": 0,
        "edge_run_sink_disabled{sink=lamp}": 1,
        "edge_run_outbox_on_disk": 0,
        "edge_run_stale_workers": 1,
        "edge_run_heartbeat_age_seconds{worker=watch}": 23.1,
        "edge_run_board_info{model=Raspberry Pi 4 Model B Rev 1.4}": 1,
        "edge_run_temperature_celsius": 51.2,
        "edge_run_under_voltage": 1,
        "edge_run_throttled{reason=under_voltage}": 1,
        "edge_run_throttled{reason=throttled}": 0,
        "edge_run_throttled_lately{reason=throttled}": 1,
        "edge_run_memory_available_bytes": 1 << 30,
        "edge_run_disk_free_bytes": 16 << 30,
    }
    assert {key: told.get(key) for key in expected} == pytest.approx(expected)


def test_the_camera_is_in_one_state():
    for state in CameraState:
        told = samples(Status(camera_state=state.word))
        ones = [key for key, value in told.items() if "camera_state{" in key and value]
        assert ones == [f"edge_run_camera_state{{state={state.word}}}"]


def test_what_runs_is_named_on_one_line_and_without_a_password():
    told = samples(Status(name="a\nb", camera="rtsp://u:secret@host/x"))
    (info,) = [key for key in told if key.startswith("edge_run_info")]
    assert "name=a\\nb" in info
    assert "secret" not in info


def test_the_process_itself_is_told():
    told = samples(Status())
    for name in ("resident_memory_bytes", "cpu_seconds_total", "open_fds", "start_time_seconds"):
        assert told[f"process_{name}"] > 0


def test_what_is_unknown_is_absent():
    told = samples(Status(), Board())
    names = {key.partition("{")[0] for key in told}
    assert "edge_run_frame_age_seconds" not in names, "no frame was looked at yet"
    for absent in ("temperature_celsius", "under_voltage", "throttled", "memory_available_bytes"):
        assert f"edge_run_{absent}" not in names
    assert told["edge_run_frames_total"] == 0


FIGURES = [*of_service(FULL), *of_sinks(FULL.sinks), *of_board(BOARD)]
UNITS = "seconds|bytes|celsius|hertz"
WRONG_UNITS = "ms|milliseconds|percent|kb|mb|mib|minutes|hours|fahrenheit|khz"


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_names_follow_the_rules_that_promtool_checks(figure):
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", figure.name)
    assert not figure.name.endswith(("_total", "_count", "_sum", "_bucket", "_created"))
    assert not re.search(rf"(^|_)({WRONG_UNITS})(_|$)", figure.name)
    assert not re.search(rf"_({UNITS})_", figure.name), "the unit stands at the end"
    assert figure.kind not in figure.name.split("_")
    assert not any(label in figure.name.split("_")[-1:] for label in figure.labels) or (
        figure.name == "camera_state"
    )
    assert re.fullmatch(r"[A-Z0-9].*[.]", figure.help)
    for label in figure.labels:
        assert re.fullmatch(r"[a-z_]+", label)
        assert label not in {"le", "quantile", "instance", "job"}
    for labels, _ in figure.samples:
        assert len(labels) == len(figure.labels)


def test_each_name_and_kind_is_used_once():
    names = [(figure.kind, figure.name) for figure in FIGURES]
    assert len(names) == len(set(names))


TEXTS = st.text(max_size=20)
STATUSES = st.builds(
    Status,
    name=TEXTS,
    camera=TEXTS,
    camera_state=TEXTS,
    fps=st.floats(allow_nan=False),
    frame_age=st.none() | st.floats(),
    alerts=st.dictionaries(TEXTS, st.integers(0, 10**12), max_size=3),
)


@settings(max_examples=60)
@given(STATUSES)
def test_any_text_is_a_label_that_the_parser_reads_back(status):
    text = Metrics(lambda: status, Board).text().decode()
    families = list(text_string_to_metric_families(text))
    (alerts,) = [one for one in families if one.name == "edge_run_alerts"] or [None]
    assert len(alerts.samples if alerts else ()) == len(status.alerts)


def test_each_scrape_asks_anew():
    frames = iter(range(100))
    metrics = Metrics(lambda: Status(frames=next(frames)), Board)
    assert b"edge_run_frames_total 0.0" in metrics.text()
    assert b"edge_run_frames_total 1.0" in metrics.text()


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MetricsNotInstalledError, match=r"pip install 'edge-emotion\[metrics\]'"):
        Metrics(Status, Board).text()
