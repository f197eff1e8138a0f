"""`edge-bench latency` in words and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.latency.scenes import STAGES
from train.table import markdown_table

FILES_NOTE = (
    "One face of 160 pixels, resize to the model's input included; load and first call in a "
    "process of their own, medians over {processes} of them. Load is reading the file, its hash "
    "and building the interpreter."
)
FRAMES_NOTE = (
    "Whole frames from the camera's bytes to the rule's answer, {model}, OpenCV on as many threads "
    "as edge-run leaves it ({opencv_threads}). Milliseconds, and CPU milliseconds over all "
    "threads, are of frames that come 10 a second, as the service asks for; `a second` is how "
    "many go through without a pause. MJPEG is decoded, YUYV only has its grey plane taken."
)
STAGES_NOTE = (
    "Milliseconds of a stage when it runs, p50 / p90 / p99, and in brackets the share of frames "
    "in which it does. `near` holds one search for each face, `crop` and `classify` each face "
    "that was due."
)
SHRINK_NOTE = (
    "The same in the mean over all frames, as they add up, with MJPEG decoded. Shrinking is a part "
    "of `motion` and of `detect full`, so it is timed apart, by the same call on the same frames, "
    "and is no further term of the sum."
)


def as_text(measured: dict[str, Any]) -> str:
    """Tables of files, frames and stages, with what was measured above each."""
    parts = [condition_text(measured["condition"])]
    rows = measured["files"]["rows"]
    if rows:
        parts += [FILES_NOTE.format(processes=rows[0]["processes"]), _files(rows)]
    parts += [f"Left out: {line}." for line in measured["files"]["skipped"]]
    scenes = measured["scenes"]
    if scenes:
        parts += [FRAMES_NOTE.format(**measured), _frames(scenes), STAGES_NOTE, _stages(scenes)]
        parts += [SHRINK_NOTE, _sums(scenes), "Decoding, p50 of each form:", _decoding(scenes)]
    return "\n\n".join(parts)


def condition_text(condition: dict[str, Any]) -> str:
    """One line on the machine before and after; what it does not tell is left out."""
    before, after = condition["before"], condition["after"]
    told = [f"governor {after['governor']}"] if after["governor"] else ["no governor told"]
    if after["temperature"] is not None:
        told.append(f"{before['temperature']:.0f} to {after['temperature']:.0f} °C")
    if after["throttled"] is not None:
        told.append(f"throttling: {', '.join(after['throttled']) or 'none'}")
    if after["others"] is not None:
        told.append(f"other processes kept {after['others']:.2f} cores busy")
    return f"Machine: {'; '.join(told)}."


def _files(rows: Iterable[dict[str, Any]]) -> str:
    head = ("file", "interpreter", "threads", "load", "first", "p50", "p90", "p99", "CPU ms a face")
    cells = ("load_ms", "first_ms", "p50_ms", "p90_ms", "p99_ms", "cpu_ms")
    lines = [
        [row["file"], row["runtime"], str(row["threads"]), *(f"{row[key]:.2f}" for key in cells)]
        for row in rows
    ]
    return markdown_table(head, lines)


def _frames(scenes: Iterable[dict[str, Any]]) -> str:
    head = ("frame", "faces", "seen", "p50", "p90", "p99", "CPU, MJPEG", "CPU, YUYV", "a second")
    lines = []
    for scene in scenes:
        spread = [f"{scene['frame'][key]:.1f}" for key in ("p50_ms", "p90_ms", "p99_ms")]
        cpu = [f"{scene[key]:.1f}" for key in ("cpu_ms", "cpu_yuyv_ms")]
        rate = f"{scene['frames_a_second']:.0f}"
        lines.append([*_name(scene), f"{scene['seen']:.2f}", *spread, *cpu, rate])
    return markdown_table(head, lines)


def _stages(scenes: Iterable[dict[str, Any]]) -> str:
    head = ("frame", "faces", *(name.replace("_", " ") for name in STAGES))
    lines = [
        [*_name(scene), *(_when_it_runs(scene["stages"][name]) for name in STAGES)]
        for scene in scenes
    ]
    return markdown_table(head, lines)


def _when_it_runs(stage: dict[str, float]) -> str:
    if not stage["share"]:
        return "-"
    spread = " / ".join(f"{stage[key]:.2f}" for key in ("p50_ms", "p90_ms", "p99_ms"))
    return spread if stage["share"] == 1 else f"{spread} ({stage['share']:.0%})"


def _sums(scenes: Iterable[dict[str, Any]]) -> str:
    head = ("frame", "faces", "shrink", *(name.replace("_", " ") for name in STAGES), "frame")
    lines = []
    for scene in scenes:
        stages = scene["stages"]
        means = [f"{stages[name]['a_frame_ms']:.2f}" for name in STAGES]
        lines.append(
            [*_name(scene), f"{shrink_ms(scene):.2f}", *means, f"{scene['frame']['mean_ms']:.2f}"]
        )
    return markdown_table(head, lines)


def shrink_ms(scene: dict[str, Any]) -> float:
    """Mean milliseconds a frame: for motion in each, for a full search where there is one."""
    shrink = scene["shrink"]
    full = shrink["full"]["mean_ms"] * scene["stages"]["detect_full"]["share"]
    return float(shrink["motion"]["mean_ms"] + full)


def _decoding(scenes: list[dict[str, Any]]) -> str:
    forms = list(scenes[0]["decode"])
    by_size = {scene["size"]: scene["decode"] for scene in scenes}
    lines = [
        [size, *(f"{decode[form]['p50_ms']:.3f}" for form in forms)]
        for size, decode in by_size.items()
    ]
    return markdown_table(("frame", *forms), lines)


def _name(scene: dict[str, Any]) -> tuple[str, str]:
    return scene["size"], str(scene["faces"])
