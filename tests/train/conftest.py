"""Fixtures of the training's tests: drawn faces in Kaggle's layout, and the real set if present."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Before TensorFlow starts: one thread, so that sums come out the same, and no chatter.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def splits(generated):
    return generated.splits()


@pytest.fixture(scope="session")
def data(generated, splits, tmp_path_factory) -> Path:
    """A folder with the drawn `fer2013.csv` and `fer2013new.csv`."""
    return generated.write(tmp_path_factory.mktemp("fer2013"), splits)


@pytest.fixture
def table(generated, tmp_path) -> Callable[..., Path]:
    """Write one face a split, then change the text of a file with `edit`; return the folder."""

    def make(file: str = "fer2013.csv", edit: Callable[[str], str] = str, votes: bool = True):
        tiny = {
            name: generated.face_set(1, seed)[:1]
            for seed, name in enumerate(("Training", "PublicTest", "PrivateTest"))
        }
        folder = generated.write(tmp_path, tiny, votes)
        path = folder / file
        path.write_text(edit(path.read_text()))
        return folder

    return make


@pytest.fixture(scope="session")
def real_data(tmp_path_factory) -> Path:
    """The real FER-2013, unpacked as Kaggle and FER+ publish it."""
    if "EDGE_EMOTION_FER2013" in os.environ:
        return Path(os.environ["EDGE_EMOTION_FER2013"])
    unpack = ROOT.parent / "shared" / "data" / "unpack_fer2013.py"
    if not unpack.is_file():
        pytest.skip("no FER-2013: EDGE_EMOTION_FER2013 names no folder, ../shared/data is not here")
    folder = tmp_path_factory.mktemp("real")
    subprocess.run([sys.executable, str(unpack), "--csv", str(folder)], check=True)
    return folder
