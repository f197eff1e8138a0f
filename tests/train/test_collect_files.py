"""Faces are stored lossless, under names of their own, and nothing else is."""

from __future__ import annotations

import errno
import os
from datetime import datetime

import cv2
import numpy as np
import pytest

from edge.errors import OutputError
from train.adapt.own import taken_at
from train.collect.files import Folder

START = datetime(2024, 2, 28, 23, 59, 58)
FACE = np.random.default_rng(0).integers(0, 256, (61, 57), dtype=np.uint8)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(params=["links", "no links"])
def any_disk(request, monkeypatch):
    """A disk, and a memory card whose file system knows no links."""
    if request.param == "no links":

        def refuse(*_):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("any_disk")
def test_lossless_in_its_own_size_under_the_time_it_was_taken(tmp_path):
    folder = Folder(tmp_path / "set", "angry", START)
    paths = [folder.store(FACE, seconds) for seconds in (0, 1.9, 2.0)]
    assert files(tmp_path) == [
        "set/angry/angry-20240228-235958-001.png",
        "set/angry/angry-20240228-235959-002.png",
        "set/angry/angry-20240229-000000-003.png",
    ]
    for path in paths:
        read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read, FACE)
    assert taken_at(paths[2].name) - taken_at(paths[0].name) == 2


@pytest.mark.usefixtures("any_disk")
def test_nothing_is_overwritten(tmp_path):
    first = Folder(tmp_path, "sad", START).store(FACE, 0)
    content = first.read_bytes()
    second = Folder(tmp_path, "sad", START).store(255 - FACE, 0)
    assert first.read_bytes() == content
    assert second.name == "sad-20240228-235958-002.png"


def test_the_folder_is_for_its_owner(tmp_path):
    Folder(tmp_path / "set", "sad", START).store(FACE, 0)
    assert (tmp_path / "set" / "sad").stat().st_mode & 0o077 == 0


def test_taking_back_deletes_this_session_s_last_and_no_other(tmp_path):
    before = Folder(tmp_path, "sad", START).store(FACE, 0)
    folder = Folder(tmp_path, "sad", START)
    path = folder.store(FACE, 0)
    assert folder.undo() == path
    assert folder.undo() is None
    assert list((tmp_path / "sad").iterdir()) == [before]


def test_nothing_is_made_before_the_first_face(tmp_path):
    Folder(tmp_path / "set", "sad", START)
    assert files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "set").write_text("in the way")
    with pytest.raises(OutputError, match=r"set/sad: cannot be written to \("):
        Folder(tmp_path / "set", "sad", START).store(FACE, 0)


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    folder = Folder(tmp_path, "sad", START)
    whole = folder.store(FACE, 0)

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        folder.store(FACE, 1)
    assert list((tmp_path / "sad").iterdir()) == [whole]
