import hashlib
import os
from pathlib import Path

import pytest

from edge.errors import OutputError
from edge.files import replacing, sha256, write_text


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "card.json"
    write_text(path, "größer\n")
    assert path.read_text(encoding="utf-8") == "größer\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_text(path, "old and longer")
    write_text(path, "new")
    assert path.read_text() == "new"


def test_who_is_reading_the_old_file_never_sees_half_of_the_new(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_text(path, "old")
    with path.open(encoding="utf-8") as reader:
        write_text(path, "new")
        assert reader.read() == "old"


def test_the_ending_is_kept_and_nothing_is_seen_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    with replacing(path) as beside:
        assert beside.suffix == ".png"
        assert beside.parent == path.parent
        beside.write_bytes(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as beside:
            beside.write_bytes(b"half of the n")
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "name",
    ["a-file/card.json", "a-file/deep/card.json", "a-folder", "x" * 300],
    ids=["in-a-file", "below-a-file", "over-a-folder", "name-too-long"],
)
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").write_text("content")
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot be written .*; nothing was changed") as caught:
        write_text(tmp_path / name, "text")
    assert isinstance(caught.value, OSError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-file", "a-folder"]


def test_a_block_that_writes_nothing_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"report\.csv: cannot be written"),
        replacing(tmp_path / "report.csv"),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_sha256(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_pipe_is_not_renamed_over(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="device or a pipe"):
        write_text(pipe, "something")
    assert pipe.is_fifo()
