"""`--annotate`: pictures are written where the operator asked, and nothing is written over."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from edge.cli import main

ASTRONAUT = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(path: Path, picture: np.ndarray = ASTRONAUT) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
    return path.read_bytes()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_folder_is_made_and_holds_the_picture_with_its_face_marked(here):
    before = save(here / "photo.jpg")
    assert main(["--image", "photo.jpg", "--annotate", "new/folder"]) == 0
    assert files(here) == ["new/folder/photo.annotated.png", "photo.jpg"]
    assert (here / "photo.jpg").read_bytes() == before
    drawn = cv2.imread("new/folder/photo.annotated.png")
    untouched = cv2.imread("photo.jpg")
    assert drawn.shape == untouched.shape
    assert np.array_equal(drawn[400:], untouched[400:]), "far from the face"
    assert not np.array_equal(drawn[:300], untouched[:300])


def test_nothing_is_written_unless_it_was_asked_for(here):
    save(here / "photo.jpg")
    assert main(["--image", "photo.jpg", "--json"]) == 0
    assert files(here) == ["photo.jpg"]


def test_two_pictures_of_one_name_become_two_files(here):
    save(here / "a" / "photo.jpg")
    save(here / "b" / "photo.png", np.zeros((40, 40), np.uint8))
    assert main(["--image", "a", "b", "a/photo.jpg", "--annotate", "out"]) == 0
    assert files(here / "out") == [
        "photo-2.annotated.png",
        "photo-3.annotated.png",
        "photo.annotated.png",
    ]


def test_the_second_run_replaces_what_the_first_wrote(here):
    save(here / "photo.jpg")
    for _ in range(2):
        assert main(["--image", "photo.jpg", "--annotate", "out"]) == 0
    assert files(here / "out") == ["photo.annotated.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--image", ".", "--annotate", "."],
        ["--image", "photo.png", "photo.annotated.png", "--annotate", "."],
        ["--image", "photo.png", "photo.annotated.png", "--annotate", "link"],
    ],
    ids=["folder", "named", "through a link"],
)
def test_no_picture_that_was_given_is_written_over(arguments, here):
    (here / "link").symlink_to(here)
    names = ("photo.png", "photo.annotated.png")
    before = {name: save(here / name) for name in names}
    assert main(arguments) == 0
    assert {name: (here / name).read_bytes() for name in names} == before
    assert len(files(here)) == 4


@pytest.mark.parametrize(
    "name", ["n" * 250 + ".png", "猫" * 80 + ".png", "two  words.png", ".hidden.png"]
)
def test_any_name_is_fit_to_be_written(name, here):
    save(here / "in" / "plain.png")
    (here / "in" / "plain.png").rename(here / "in" / name)
    assert main(["--image", f"in/{name}", "--annotate", "out"]) == 0
    (written,) = files(here / "out")
    assert written.endswith(".annotated.png")
    assert written[:4] == name[:4]


@pytest.mark.parametrize("blocked", ["file", "file/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_to_is_found_out_before_the_work(blocked, here, capsys):
    save(here / "photo.jpg")
    (here / "file").touch()
    assert main(["--image", "photo.jpg", "--annotate", blocked]) == 73
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"edge-run: error: --annotate {blocked}: cannot be written to (")
    assert told.err.endswith("; choose another\n")
    assert files(here) == ["file", "photo.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(here, capsys):
    save(here / "photo.jpg")
    (here / "out").mkdir(mode=0o555)
    assert main(["--image", "photo.jpg", "--annotate", "out"]) == 73
    assert "no permission" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_leaves_no_half_picture(here, capsys, monkeypatch):
    save(here / "photo.jpg")

    def no_room(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    assert main(["--image", "photo.jpg", "--annotate", "out"]) == 73
    line = capsys.readouterr().err
    assert line.startswith("edge-run: error: ")
    assert line.count("\n") == 1
    assert "photo.annotated.png: cannot be written (No space left on device)" in line
    assert files(here / "out") == []


def test_a_bad_picture_is_not_written_and_the_good_one_is(here):
    save(here / "in" / "good.png")
    (here / "in" / "bad.png").write_text("not a picture")
    assert main(["--image", "in", "--annotate", "out"]) == 65
    assert files(here / "out") == ["good.annotated.png"]
