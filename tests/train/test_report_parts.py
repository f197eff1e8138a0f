"""The parts of a report, each alone: bands of the face, patches, curves, galleries, words."""

from __future__ import annotations

import base64
import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.labels import EMOTIONS
from train.data import FaceSet
from train.metrics import score_both, softmax
from train.report import curves, galleries, words
from train.report.attention import (
    BANDS,
    ENOUGH,
    PLACES,
    band_shares,
    cover_bands,
    covered,
    mean_attention,
    mean_face,
    patch_map,
)
from train.report.figures import Measured, confusions
from train.report.made import flat
from train.report.page import markdown_as_html
from train.report.style import Picture, enlarged, overlay, png

maps = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(0, 100, width=32),
)


# -- attention


@given(maps)
def test_band_shares_add_up_whatever_the_size_of_the_map(attention):
    shares = band_shares(attention)
    assert list(shares) == list(BANDS)
    assert all(share >= -1e-6 for share in shares.values())
    if attention.sum() > 1e-6:
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)


def test_bands_cover_the_face_once():
    ends = list(BANDS.values())
    assert ends[0][0] == 0
    assert ends[-1][1] == 1
    assert all(one[1] == after[0] for one, after in itertools.pairwise(ends))


@pytest.mark.parametrize("band", BANDS)
def test_attention_on_one_band_is_counted_there(band):
    attention = np.zeros((48, 48), np.float32)
    start, end = (round(48 * share) for share in BANDS[band])
    attention[start:end] = 1
    assert band_shares(attention)[band] == pytest.approx(1)


def test_even_attention_has_the_shares_of_the_area():
    for size in (3, 5, 48):
        shares = band_shares(np.ones((size, size), np.float32))
        for band, (start, end) in BANDS.items():
            assert shares[band] == pytest.approx(end - start)


@pytest.mark.parametrize("band", BANDS)
def test_covering_a_band_changes_it_alone(band):
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    before, hidden = images.copy(), covered(images, band)
    np.testing.assert_array_equal(images, before)
    start, end = (round(48 * share) for share in BANDS[band])
    for face, old in zip(hidden, images, strict=True):
        assert set(face[start:end].ravel()) == {round(float(old.mean()))}
        np.testing.assert_array_equal(
            np.delete(face, slice(start, end), 0), np.delete(old, slice(start, end), 0)
        )


def test_the_band_that_matters_costs_when_covered():
    images = np.full((4, 48, 48), 40, np.uint8)
    images[:, 34:42] = 240  # in the mouth
    told = cover_bands(images, lambda faces: faces[:, 34:42].mean(axis=(1, 2)) / 255)
    lost = {band: float((told["nothing"] - told[band]).mean()) for band in BANDS}
    assert max(lost, key=lost.get) == "mouth"
    assert [band for band, loss in lost.items() if loss > 1e-6] == ["mouth"]


@pytest.mark.parametrize("place", [(0, 0), (0, 6), (3, 3), (6, 2)])
def test_the_patch_that_matters_costs_most(place):
    row, column = (6 * index for index in place)
    images = np.full((2, 48, 48), 40, np.uint8)
    images[:, row + 2 : row + 10, column + 2 : column + 10] = 240

    def probability(faces):
        return faces[:, row + 2 : row + 10, column + 2 : column + 10].mean(axis=(1, 2)) / 255

    lost = patch_map(images, probability)
    assert lost.shape == (PLACES, PLACES)
    assert np.unravel_index(lost.argmax(), lost.shape) == place
    # patches overlap their neighbours by half and reach no further
    far = np.abs(np.indices(lost.shape) - np.array(place)[:, None, None]).max(axis=0) > 1
    np.testing.assert_allclose(lost[far], 0, atol=1e-6)


def test_an_average_of_few_is_not_shown():
    images = np.random.default_rng(0).integers(0, 256, (ENOUGH, 48, 48), dtype=np.uint8)
    assert mean_face(images[:-1]) is None
    np.testing.assert_array_equal(mean_face(images), images.mean(axis=0).round())


def test_each_face_counts_the_same_in_the_mean_map():
    strong, weak = np.zeros((2, 3, 3), np.float32)
    strong[0, 0], weak[2, 2] = 1000, 1
    told = mean_attention(np.stack([strong, weak, np.zeros((3, 3), np.float32)]))
    assert told.shape == (48, 48)
    assert told.sum() == pytest.approx(1)
    assert told[:16, :16].sum() == pytest.approx(told[32:, 32:].sum())
    assert mean_attention(np.zeros((2, 3, 3), np.float32)) is None


# -- pictures


def test_an_overlay_leaves_the_face_where_attention_is_least():
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    attention = np.zeros((3, 3), np.float32)
    attention[0, 0] = 5
    told = overlay(face, attention)
    assert (told.shape, told.dtype) == ((48, 48, 3), np.uint8)
    np.testing.assert_array_equal(told[40:, 40:], np.repeat(face[40:, 40:, None], 3, axis=2))
    assert np.abs(told[2:6, 2:6].astype(int) - face[2:6, 2:6, None]).mean() > 30


def test_an_overlay_of_nothing_is_the_face():
    face = enlarged(np.full((48, 48), 90, np.uint8), 96)
    assert (overlay(face, np.zeros((3, 3), np.float32)) == 90).all()


def test_a_png_holds_its_pixels_in_colour():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[..., 0] = 200  # red
    coded = base64.b64decode(png(pixels, "two by two").uri.split(",")[1])
    read = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(read, pixels)


# -- curves


def log(epochs: int = 5, labels=("original", "ferplus")) -> dict[str, np.ndarray]:
    told: dict[str, np.ndarray] = {
        "epoch": np.arange(1.0, epochs + 1),
        "stage": np.array(["head"] * 2 + ["fine-tune"] * (epochs - 2)),
        "learning_rate": np.full(epochs, 1e-3),
        "train_loss": np.linspace(2, 1, epochs),
        "val_loss": np.linspace(2, 1.5, epochs),
    }
    for one in labels:
        for metric in ("accuracy", "anger_recall"):
            told[f"train_{one}_{metric}"] = np.linspace(0.3, 0.9, epochs)
            told[f"val_{one}_{metric}"] = 0.6 - 0.1 * np.abs(np.arange(epochs) - 2.0)
    return told


def alts(pictures: list[Picture]) -> str:
    return "\n".join(one.alt for one in pictures)


def test_there_is_a_curve_for_all_that_the_log_has():
    told = curves.curves(log())
    assert [one.alt.split(" over the epochs")[0] for one in told] == [
        "Loss",
        "Accuracy",
        "Recall of anger",
        "Learning rate",
    ]
    assert "PublicTest, FER+ majority 40.0%" in told[1].alt
    assert len(curves.distributions(log())) == 2


def test_a_log_without_votes_has_one_label_set():
    told = curves.curves(log(labels=("original",)))
    assert "FER+" not in alts(told)
    assert len(curves.distributions(log(labels=("original",)))) == 1


def test_a_log_of_one_epoch_can_be_drawn():
    one = {name: values[:1] for name, values in log().items()}
    assert len(curves.curves(one)) == 4
    assert len(curves.distributions(one)) == 2
    assert curves.best_epoch(one) == 1


def test_what_is_no_number_is_left_out():
    told = log()
    told["val_loss"] = np.full(5, np.nan)
    told["train_loss"] = np.array([2, np.nan, 1.5, 1.2, np.nan])
    loss = curves.curves(told)[0]
    assert loss.alt == "Loss over the epochs. At the last: Training 1.200."


def test_a_log_without_columns_that_are_known_has_no_curves():
    assert curves.curves({}) == []
    assert curves.curves({"epoch": np.arange(3.0)}) == []
    assert curves.best_epoch({"epoch": np.arange(3.0)}) is None


def test_the_kept_epoch_and_the_stages_are_found():
    assert curves.best_epoch(log()) == 3
    assert curves.stage_starts(log()) == [(3, "fine-tune")]


# -- galleries


@pytest.fixture(scope="module")
def measured():
    rng = np.random.default_rng(0)
    n = 300
    labels = rng.integers(0, 7, n)
    votes = np.zeros((n, 7), np.float32)
    seen = np.where(rng.random(n) < 0.7, labels, rng.integers(0, 7, n))
    votes[np.arange(n), seen] = rng.integers(3, 11, n)
    logits = rng.normal(size=(n, 7)).astype(np.float32) + 2 * np.eye(7, dtype=np.float32)[seen]
    faces = FaceSet(rng.integers(0, 256, (n, 48, 48), dtype=np.uint8), labels, votes)
    probabilities = softmax(logits)
    scores = score_both(probabilities, faces)
    return Measured("PublicTest", faces, np.arange(n), logits, probabilities, 1.0, "", scores, {})


def test_right_faces_are_right_and_the_surest_of_their_class(measured):
    chosen = galleries.most_confident_right(measured, 2)
    faces, sure = measured.faces, measured.probabilities.max(axis=1)
    right = measured.told == faces.labels
    assert faces.labels[chosen].tolist() == [label for label in range(7) for _ in range(2)]
    assert right[chosen].all()
    for label in range(7):
        best = np.sort(sure[right & (faces.labels == label)])[::-1][:2]
        np.testing.assert_array_equal(sure[chosen[faces.labels[chosen] == label]], best)


def test_wrong_faces_are_wrong_surest_first_and_in_one_gallery_only(measured):
    found = galleries.most_confident_wrong(measured, 10_000)
    told, faces = measured.told, measured.faces
    for chosen in found.values():
        assert (np.diff(measured.probabilities.max(axis=1)[chosen]) <= 0).all()
    both, label_only = found["by both"], found["by its label only"]
    assert sorted([*both, *label_only]) == np.flatnonzero(told != faces.labels).tolist()
    assert (faces.majority[label_only] == told[label_only]).all()
    assert (faces.majority[both] != told[both]).all()


def test_a_gallery_says_what_each_face_is(measured):
    index = int(galleries.most_confident_wrong(measured)["by both"][0])
    picture = galleries.gallery(measured, np.array([index]))[0]
    assert picture.title == f"face {index}"
    assert picture.lines[0].startswith(EMOTIONS[measured.told[index]])
    assert picture.lines[1] == f"label {EMOTIONS[measured.faces.labels[index]]}"
    votes = measured.faces.votes[index]
    assert picture.lines[2].endswith(f"{votes.max():.0f}/{votes.sum():.0f}")


def test_feature_maps_show_the_channels_that_vary():
    flat_and_not = np.zeros((4, 4, 20), np.float32)
    flat_and_not[0, 0, 7] = 1
    told = galleries.feature_maps("conv", flat_and_not, "a face")
    assert told.lines == ("4x4, 20 channels, 19 of them flat",)


# -- words


def test_mistakes_are_the_largest_off_the_diagonal(measured):
    told = confusions(measured.scores["original"], most=49)
    counts = np.array(measured.scores["original"]["confusion"])
    assert sum(one["n"] for one in told) == counts.sum() - np.trace(counts)
    assert [one["n"] for one in told] == sorted((one["n"] for one in told), reverse=True)
    first = told[0]
    row = EMOTIONS.index(first["truth"])
    assert counts[row, EMOTIONS.index(first["told"])] == first["n"]
    assert first["share"] == first["n"] / counts[row].sum()


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (words.percent(0.6449), "64.5%"),
        (words.percent(None), "-"),
        (words.plain(0.65249), "0.652"),
        (words.whole(3589), "3,589"),
        (words.interval([0.6294, 0.66049]), "62.9-66.0%"),
        (words.interval([0.5, 0.75], share=False), "0.500-0.750"),
        (words.interval(None), ""),
        (words.size(8_912_345), "8.9 MB"),
        (words.size(34_100), "34.1 kB"),
    ],
)
def test_figures_in_words(told, shown):
    assert told == shown


def test_nested_facts_on_one_level():
    told = flat({"keras": "3", "data": {"Training": {"faces": 3}}})
    assert told == {"keras": "3", "data, Training, faces": 3}


def test_markdown_becomes_tables_and_lower_headings_and_no_html():
    told = markdown_as_html("# One\n\n| a | b |\n| - | -: |\n| <script> | 2 |\n")
    assert "<h3>One</h3>" in told
    assert '<div class="wide"><table>' in told
    assert "&lt;script&gt;" in told
    assert "<script>" not in told
