"""Pictures of alerts: none unless asked for, nobody to be recognised, never a reason to stop."""

from __future__ import annotations

import errno
import logging
import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.demo import Stage
from edge.camera.scenes import PLAYS
from edge.snapshots import OURS, SnapshotConfig, Snapshots, blurred, folder_of
from edge.vision.detect import Detector
from edge.vision.expression import load_model
from edge.vision.face import Box, crop

NOON = 1_793_700_000.0  # 2026-11-03T10:00:00Z
DAY = 86400.0
ON = SnapshotConfig(enabled=True)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.fixture(scope="module")
def scenes(detector) -> list[tuple[np.ndarray, list[Box]]]:
    """Frames with the faces in them: two visitors, one alone, a photograph."""
    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    frames = [Stage(PLAYS[name], 640, 480).render(9.5, 95) for name in ("two", "calm", "angry", "")]
    found = [(frame, detector.thorough(frame)) for frame in (*frames, photo)]
    assert [len(boxes) for _, boxes in found] == [2, 1, 1, 1, 1]
    return found


def snapshots(folder: Path, config: SnapshotConfig = ON, now: float = NOON) -> Snapshots:
    return Snapshots(config, folder, now)


def shared(one: np.ndarray, other: np.ndarray) -> float:
    """Mutual information of the grey levels in bits, in share of what `one` holds."""
    joint = np.histogram2d(one.ravel(), other.ravel(), bins=32, range=[[0, 256]] * 2)[0]
    both = joint / joint.sum()
    apart = np.outer(both.sum(1), both.sum(0))
    seen, alone = both > 0, both.sum(1)
    told = (both[seen] * np.log2(both[seen] / apart[seen])).sum()
    return float(told / -(alone[alone > 0] * np.log2(alone[alone > 0])).sum())


# who can be recognised


def test_no_face_is_found_where_one_was(scenes, detector):
    for frame, boxes in scenes:
        drawn = blurred(frame, boxes)
        assert drawn.shape == frame.shape
        assert detector.thorough(drawn) == []
        assert detector.full(drawn) == []
        for box in boxes:  # nor in the face alone, at the size that is searched best
            face = cv2.resize(crop(drawn, box), (200, 200))
            assert detector.thorough(face) == []


def test_what_is_left_of_a_face_tells_a_reader_nothing(scenes):
    """Whatever the faces show, they are all read as the same, and hardly as that."""
    model = load_model(None)
    clear = [model.predict([crop(frame, box)])[0] for frame, boxes in scenes for box in boxes]
    left = [
        model.predict([crop(blurred(frame, boxes), box)])[0]
        for frame, boxes in scenes
        for box in boxes
    ]
    assert len({int(one.argmax()) for one in clear}) >= 3, "clear, they can be told apart"
    assert len({int(one.argmax()) for one in left}) == 1
    assert max(one.max() for one in left) < 0.65


def test_a_face_shares_little_with_what_is_kept_of_it(scenes):
    for frame, boxes in scenes:
        for box in boxes:
            face, left = crop(frame, box), crop(blurred(frame, boxes), box)
            assert shared(face, face) == pytest.approx(1)
            assert shared(face, left) < 0.2
            assert len(np.unique(left)) <= 64


def fine(face: np.ndarray) -> float:
    """Energy of what is finer than eight waves across the face, by which faces are told apart."""
    rows, columns = face.shape
    window = np.outer(np.hanning(rows), np.hanning(columns))
    energy = np.abs(np.fft.fft2((face - face.mean()) * window)) ** 2
    waves = np.hypot(rows * np.fft.fftfreq(rows)[:, None], columns * np.fft.fftfreq(columns))
    return float(energy[waves > 8].sum())


def test_a_face_that_no_detector_found_is_a_smudge(scenes):
    for frame, boxes in scenes:
        drawn = blurred(frame, [])
        for box in boxes:
            assert fine(crop(drawn, box)) < 0.1 * fine(crop(frame, box))


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.lists(
        st.builds(
            Box,
            st.integers(-80, 120),
            st.integers(-80, 120),
            st.integers(0, 120),
            st.integers(0, 120),
        ),
        max_size=4,
    ),
)
def test_any_picture_with_any_boxes_is_drawn_and_left_as_it_was(height, width, boxes):
    gray = np.arange(height * width, dtype=np.uint32).astype(np.uint8).reshape(height, width)
    before = gray.copy()
    drawn = blurred(gray, boxes)
    assert (drawn.shape, drawn.dtype) == (gray.shape, np.uint8)
    assert np.array_equal(gray, before)
    assert not np.shares_memory(drawn, gray)


# files


def test_an_alert_leaves_one_picture_that_only_the_service_can_read(tmp_path, scenes, detector):
    folder = tmp_path / "state" / "snapshots"
    frame, boxes = scenes[0]
    before = os.umask(0)
    try:
        snapshots(folder).keep("8b1f-01", frame, boxes, NOON)
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert path.name == "20261103T100000Z-8b1f-01.jpg"
    assert OURS.fullmatch(path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert kept.shape == frame.shape
    assert detector.thorough(kept) == []
    assert path.stat().st_size < 20_000


def test_faces_are_kept_only_where_the_operator_said_so(tmp_path, scenes, detector):
    frame, boxes = scenes[0]
    snapshots(tmp_path, SnapshotConfig(enabled=True, blur=False)).keep("a", frame, boxes, NOON)
    (path,) = tmp_path.iterdir()
    assert len(detector.thorough(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))) == 2


def test_not_enabled_nothing_is_made_or_removed(tmp_path, scenes):
    kept = snapshots(tmp_path / "none", SnapshotConfig())
    kept.keep("a", *scenes[0], NOON)
    kept.turn(NOON + 30 * DAY)
    assert list(tmp_path.iterdir()) == []
    old = tmp_path / "20200101T000000Z-a.jpg"
    old.touch()
    snapshots(tmp_path, SnapshotConfig(), NOON + 30 * DAY).turn(NOON + 60 * DAY)
    assert old.exists()


def test_enabled_without_an_alert_nothing_is_made(tmp_path):
    snapshots(tmp_path / "none").turn(NOON + DAY)
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=200))
def test_an_incident_of_any_spelling_stays_in_the_folder(tmp_path_factory, incident):
    folder = tmp_path_factory.mktemp("snapshots")
    snapshots(folder).keep(incident, np.zeros((9, 9), np.uint8), [], NOON)
    (path,) = folder.iterdir()
    assert OURS.fullmatch(path.name)


def kept_at(folder: Path, name: str, when: float) -> Path:
    path = folder / name
    path.touch()
    os.utime(path, (when, when))
    return path


def test_what_is_too_old_is_removed_at_start_and_every_hour(tmp_path):
    week = kept_at(tmp_path, "20261026T100000Z-a.jpg", NOON - 8 * DAY)
    half = kept_at(tmp_path, ".123.20261026T100000Z-b.jpg", NOON - 8 * DAY)
    fresh = kept_at(tmp_path, "20261027T103000Z-c.jpg", NOON - 7 * DAY + 1800)
    theirs = kept_at(tmp_path, "holiday.jpg", NOON - 900 * DAY)
    kept = snapshots(tmp_path)
    assert not week.exists()
    assert not half.exists()
    kept.turn(NOON + 1801)
    assert fresh.exists(), "an hour has not passed"
    kept.turn(NOON + 3600)
    assert not fresh.exists()
    assert theirs.exists()


def test_a_clock_set_back_or_forth_costs_no_picture_early_and_keeps_the_hours(tmp_path):
    path = kept_at(tmp_path, "20261103T100000Z-a.jpg", NOON)
    kept = snapshots(tmp_path)
    kept.turn(NOON - DAY)
    kept.turn(NOON + DAY)
    assert path.exists()
    kept.turn(NOON - 30 * DAY)
    kept.turn(NOON + 7 * DAY)
    assert not path.exists()


def test_beyond_the_limit_the_oldest_go(tmp_path):
    for hour in range(8):
        kept_at(tmp_path, f"20261103T0{hour}0000Z-a.jpg", NOON - 3600 * (10 - hour))
    snapshots(tmp_path, SnapshotConfig(enabled=True, max_files=3))
    assert sorted(path.name[9:11] for path in tmp_path.iterdir()) == ["05", "06", "07"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_is_told_of_once_and_nothing_else_happens(
    tmp_path, scenes, caplog, monkeypatch, number
):
    folder = tmp_path / "snapshots"
    kept = snapshots(folder)
    write = Path.write_bytes

    def fail(_path: Path, _content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", fail)
    caplog.set_level(logging.WARNING, logger="edge")
    for _ in range(5):
        kept.keep("a", *scenes[0], NOON)
    assert len(caplog.records) == 1
    assert os.strerror(number) in caplog.text
    assert "alerts are told without them" in caplog.text
    assert list(folder.iterdir()) == []
    monkeypatch.setattr(Path, "write_bytes", write)
    kept.keep("a", *scenes[0], NOON)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(Path, "write_bytes", fail)
    kept.keep("b", *scenes[0], NOON)
    assert len(caplog.records) == 2, "told again once it had worked in between"


def test_a_file_in_the_folders_place_is_told_of(tmp_path, scenes, caplog):
    caplog.set_level(logging.WARNING, logger="edge")
    (tmp_path / "snapshots").write_text("not a folder")
    kept = snapshots(tmp_path / "snapshots")
    kept.keep("a", *scenes[0], NOON)
    kept.turn(NOON + DAY)
    assert len(caplog.records) == 1


def test_where_they_are_kept():
    outbox = Path("/var/lib/edge-run/outbox.sqlite3")
    assert folder_of(ON, outbox) == Path("/var/lib/edge-run/snapshots")
    assert folder_of(SnapshotConfig(folder="/srv/p"), outbox) == Path("/srv/p")
    assert folder_of(SnapshotConfig(folder="~/p"), outbox) == Path.home() / "p"
