"""`edge-bench latency` as pictures."""

from __future__ import annotations

from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.latency.scenes import STAGES


def charts(measured: dict[str, Any]) -> list[Chart]:
    """Each file's percentiles, where a frame's time goes, and CPU against the frame's size."""
    rows, scenes = measured["files"]["rows"], measured["scenes"]
    return [
        *([_files(rows)] if rows else []),
        *([_stages(scenes), _cpu(scenes)] if scenes else []),
    ]


def _files(rows: list[dict[str, Any]]) -> Chart:
    names = [f"{row['file']}, {row['runtime']}, {_threads(row['threads'])}" for row in rows]
    return Chart(
        title="How long one face takes, by file, interpreter and threads",
        kind="bar",
        x_label="milliseconds",
        y_label="",
        series=[
            Series(name, names, [row[f"{name}_ms"] for row in rows])
            for name in ("p50", "p90", "p99")
        ],
        note="A p99 far above the p50 is a second thread that waits, or another process.",
    )


def _stages(scenes: list[dict[str, Any]]) -> Chart:
    faces = _typical(scenes)
    chosen = [scene for scene in scenes if scene["faces"] == faces]
    return Chart(
        title=f"Where a frame's time goes, by its size; faces in view: {faces}",
        kind="stacked",
        x_label="milliseconds a frame, mean",
        y_label="",
        series=[
            Series(
                stage.replace("_", " "),
                [scene["size"] for scene in chosen],
                [scene["stages"][stage]["a_frame_ms"] for scene in chosen],
            )
            for stage in STAGES
        ],
        note="Frames come 10 a second; a stage that runs in one frame of ten counts a tenth.",
    )


def _cpu(scenes: list[dict[str, Any]]) -> Chart:
    return Chart(
        title="CPU time a frame against its size, by faces in view",
        kind="line",
        x_label="megapixels",
        y_label="CPU milliseconds a frame",
        series=[
            Series(
                f"{faces} faces" if faces != 1 else "1 face",
                [scene["width"] * scene["height"] / 1e6 for scene in scenes if _has(scene, faces)],
                [scene["cpu_ms"] for scene in scenes if _has(scene, faces)],
            )
            for faces in sorted({scene["faces"] for scene in scenes})
        ],
        note="MJPEG decoded, searches and readings as often as at 10 frames a second.",
    )


def _typical(scenes: list[dict[str, Any]]) -> int:
    """One face if that was measured, else the fewest."""
    measured = sorted({int(scene["faces"]) for scene in scenes})
    return 1 if 1 in measured else measured[0]


def _has(scene: dict[str, Any], faces: int) -> bool:
    return bool(scene["faces"] == faces)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
