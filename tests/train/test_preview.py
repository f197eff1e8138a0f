"""The picture of what the distortions do."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from train.cli import main
from train.preview import CAPTION, COLUMNS, SHOWN, preview


@pytest.mark.parametrize(
    ("options", "rows"),
    [({}, 7), ({"mixup": 0.2}, 8), ({"mixup": 0.2, "cutmix": 1.0}, 9)],
    ids=["plain", "mixup", "both"],
)
def test_a_row_for_each_step(splits, options, rows):
    picture = preview(splits["Training"], 1.0, 64, **options)
    assert picture.shape == (rows * SHOWN, CAPTION + COLUMNS * SHOWN)
    strips = np.split(picture[:, CAPTION:], rows)
    for earlier, later in pairwise(strips):
        assert (earlier != later).any()
    captions = np.split(picture[:, :CAPTION], rows)
    assert all((one < 128).any() for one in captions)


def test_no_strength_shows_faces_as_they_are(splits):
    picture = preview(splits["Training"], 0.0, 48)
    shown, together, at_input = np.split(picture[:, CAPTION:], 3)
    np.testing.assert_array_equal(shown, together)
    np.testing.assert_array_equal(shown, at_input)


def test_the_command_writes_it(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)
    out = tmp_path / "deep" / "preview.png"
    assert main(["preview", "--data", str(data), "--out", str(out), "--mixup", "0.3"]) == 0
    assert cv2.imread(str(out), cv2.IMREAD_GRAYSCALE).shape[0] == 8 * SHOWN
    assert "keep it where those are" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["preview", "preview.txt"])
def test_a_picture_of_another_kind_is_refused_before_the_data_are_read(tmp_path, capsys, name):
    arguments = ["preview", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / name)]
    assert main(arguments) == 64
    assert f"--out {tmp_path / name}: must end in .png" in capsys.readouterr().err
