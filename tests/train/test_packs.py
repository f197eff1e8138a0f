"""What is kept beside the data: mapped, not loaded; whole or not at all; the last few only."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from edge.errors import DataError
from train.data import SPLITS, load
from train.data.store import ABANDONED, FOLDER, KEPT

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(generated, tmp_path):
    return generated.write(tmp_path / "data", generated.splits(2))


def packs(folder):
    return sorted((folder / FOLDER).glob("faces-*"))


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_the_second_time_nothing_is_parsed(folder):
    first = load(folder)
    [pack] = packs(folder)
    built = (pack / "about.json").stat().st_mtime_ns
    # of the same size and time, so that only who reads it again would notice
    table = folder / "fer2013.csv"
    times = table.stat()
    table.write_text("x" * times.st_size)
    os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = load(folder)
    assert packs(folder) == [pack]
    assert (pack / "about.json").stat().st_mtime_ns == built
    for split in SPLITS:
        np.testing.assert_array_equal(first[split].images, second[split].images)
        np.testing.assert_array_equal(first[split].names, second[split].names)


def test_images_are_mapped_and_stay_as_they_are(folder):
    faces = load(folder)["Training"]
    assert isinstance(faces.images, np.memmap)
    assert isinstance(faces[3:9].images, np.memmap)
    assert faces.images.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        faces.images[0] = 0


@pytest.mark.parametrize("file", ["fer2013.csv", "fer2013new.csv"])
def test_a_changed_file_is_read_again(folder, file):
    before = load(folder)["Training"]
    table = folder / file
    lines = table.read_text().splitlines()
    cells = lines[1].split(",")
    change = {"fer2013.csv": (0, "5"), "fer2013new.csv": (4, "7")}[file]
    cells[change[0]] = change[1]
    table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    after = load(folder)["Training"]
    assert (after.labels[0] != before.labels[0]) == (file == "fer2013.csv")
    assert (after.votes[0] != before.votes[0]).any() == (file == "fer2013new.csv")


def test_votes_that_appear_or_go_are_noticed(folder):
    load(folder)
    (folder / "fer2013new.csv").rename(folder / "elsewhere.csv")
    assert not load(folder)["Training"].votes.any()
    (folder / "elsewhere.csv").rename(folder / "fer2013new.csv")
    assert load(folder)["Training"].votes.any()


def test_a_picture_more_is_noticed(generated, tmp_path):
    classes = generated.write_classes(tmp_path, generated.face_set(10, seed=1))
    assert sum(map(len, load(classes).values())) == 70
    (classes / "sad" / "more.png").write_bytes((classes / "sad" / "0004.png").read_bytes())
    assert sum(map(len, load(classes).values())) == 71


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize(
    "file",
    [
        "Training.images",
        "PublicTest.labels.npy",
        "PrivateTest.votes.npy",
        "Training.names.json",
        "about.json",
    ],
)
def test_a_damaged_pack_is_written_anew(folder, file, damage):
    expected = {split: faces[np.arange(len(faces))] for split, faces in load(folder).items()}
    [pack] = packs(folder)
    damage(pack / file)
    read = load(folder)
    assert packs(folder) == [pack]
    for split in SPLITS:
        np.testing.assert_array_equal(read[split].images, expected[split].images)
        np.testing.assert_array_equal(read[split].labels, expected[split].labels)
        np.testing.assert_array_equal(read[split].votes, expected[split].votes)
        np.testing.assert_array_equal(read[split].names, expected[split].names)


@pytest.mark.parametrize("about", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "files": []}'])
def test_an_account_of_something_else_is_not_trusted(folder, about):
    load(folder)
    [pack] = packs(folder)
    (pack / "about.json").write_text(about)
    assert len(load(folder)["Training"]) == 14
    assert json.loads((pack / "about.json").read_text())["files"]


def test_only_the_packs_used_last_are_kept(folder):
    table = folder / "fer2013.csv"
    for time in range(KEPT + 3):
        os.utime(table, (time, time))
        load(folder)
    assert len(packs(folder)) == KEPT


def test_what_a_killed_process_left_is_removed_but_not_what_is_being_written(folder):
    left, fresh = folder / FOLDER / ".new-1-old", folder / FOLDER / ".new-2-fresh"
    for path in (left, fresh):
        path.mkdir(parents=True)
        (path / "Training.images").write_bytes(b"\0")
    for path in (left / "Training.images", left):
        old = path.stat().st_mtime - ABANDONED - 60
        os.utime(path, (old, old))
    load(folder)
    assert not left.exists()
    assert fresh.exists()


def test_the_folder_says_whose_it_is_and_keeps_out_of_repositories(folder):
    load(folder)
    assert "may be deleted at any time" in (folder / FOLDER / "README.txt").read_text()
    assert (folder / FOLDER / ".gitignore").read_text() == "*\n"
    assert {path.name for path in folder.iterdir()} == {FOLDER, "fer2013.csv", "fer2013new.csv"}


def test_bad_data_leaves_nothing_behind(folder):
    table = folder / "fer2013.csv"
    table.write_text(table.read_text()[:-400])
    with pytest.raises(DataError):
        load(folder)
    assert {path.name for path in (folder / FOLDER).iterdir()} == {"README.txt", ".gitignore"}


UNWRITABLE = """
    import sys, tempfile
    from pathlib import Path
    from train.data import load
    told = []
    for again in range(2):
        faces = load(Path(sys.argv[1]), say=told.append)["Training"]
    pack = Path(faces.images.filename)
    assert pack.is_relative_to(tempfile.gettempdir()), pack
    assert len(list(pack.parent.parent.iterdir())) == 1
    print(len(faces), pack.parent.parent)
    print(*told, sep="\\n")
"""


def test_where_nothing_can_be_written_the_pack_goes_with_the_process(folder):
    (folder / FOLDER).write_text("in the way, even of root\n")
    first, *told = done(python(UNWRITABLE, folder)).splitlines()
    count, temporary = first.split(" ", 1)
    assert count == "14"
    assert not Path(temporary).exists()
    line = f"{folder}: cannot be written to; its faces are packed anew for each command"
    assert told == [line, line]


def test_a_temporary_pack_is_for_its_owner_only(folder):
    (folder / FOLDER).write_text("in the way\n")
    home = Path(load(folder)["Training"].images.filename).parent.parent
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


FULL = """
    import resource, sys
    from pathlib import Path
    from edge.errors import OutputError
    from train.data import load
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        load(Path(sys.argv[1]))
    except OutputError as error:
        print(error)
"""


def test_a_full_disk_leaves_nothing_behind(folder):
    told = done(python(FULL, folder))
    assert told.startswith(f"{folder / FOLDER}: the faces cannot be written (")
    assert "nothing was kept" in told
    assert {path.name for path in (folder / FOLDER).iterdir()} == {"README.txt", ".gitignore"}


MANY = """
    import sys
    from pathlib import Path
    from train.data import load
    sys.stdin.readline()
    for split, faces in load(Path(sys.argv[1])).items():
        print(split, len(faces), int(faces.images.astype(int).sum()), int(faces.labels.sum()))
"""


def test_processes_that_start_together_see_the_same_whole_pack(folder):
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(MANY), str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    several = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(4)]
    for process in several:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = {done(process) for process in several}
    expected = load(folder)["Training"]
    assert len(told) == 1
    assert f"Training 14 {int(expected.images.astype(int).sum())}" in told.pop()
    assert len(packs(folder)) == 1
    assert not list((folder / FOLDER).glob(".new-*"))


FACES = 16_000
MEMORY = r"""
    import re, sys
    from pathlib import Path
    from train.data import load
    path = Path(sys.argv[1])
    def peak():  # what getrusage tells may be the peak of the process that started this one
        return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
    before = peak()
    splits = load(path)
    again = load(path)
    grown = peak() - before
    assert sum(map(len, splits.values())) == int(sys.argv[2])
    assert not (splits["Training"].images[-1] - again["Training"].images[-1]).any()
    print(grown * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc tells peak memory")
def test_many_faces_do_not_need_their_images_memory(tmp_path):
    """Read from the CSV, then from the pack, in a quarter of what the images alone would take."""
    with (tmp_path / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for index in range(FACES):
            split = SPLITS[index] if index < 3 else SPLITS[0]
            writer.writerow([index % 7, " ".join([str(index % 10)] * 48 * 48), split])
    grown = int(done(python(MEMORY, tmp_path, FACES)))
    assert grown < FACES * 48 * 48 / 4
