"""Every planted fault is found, nothing else is, and the cleaned list is exactly right."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EX_DATAERR, EX_USAGE, OutputError, UsageError
from edge.vision.expression import load_model
from train.audit import (
    audit,
    draw_sheet,
    examine,
    inspect,
    leak_effect,
    reasons,
    with_and_without,
    write_list,
    write_sheet,
)
from train.audit.cascade import faces_missed
from train.audit.gallery import Gallery
from train.cli import main
from train.data import SPLITS, FaceSet, load

MODELS = Path(__file__).parents[2] / "models"
VISITOR = Path(__file__).parents[2] / "edge" / "camera" / "visitor"
SIZES = {"Training": 30, "PublicTest": 12, "PrivateTest": 12}


def textures(count: int, seed: int) -> np.ndarray:
    """Pictures with as much detail as a face, no two alike: (count, 48, 48) uint8."""
    noise = np.random.default_rng(seed).normal(size=(count, 48, 48)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(one, (0, 0), 2.0) for one in noise])
    smooth /= smooth.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 36 * smooth, 30, 225).astype(np.uint8)


def clean(seed: int = 0, votes: bool = True) -> dict[str, FaceSet]:
    """Three splits in which nothing is wrong."""
    made = {}
    for number, (split, count) in enumerate(SIZES.items()):
        labels = np.arange(count) % 7
        cast = (
            8 * np.eye(7, dtype=np.float32)[labels] if votes else np.zeros((count, 7), np.float32)
        )
        names = np.array([f"fer2013.csv, line {100 * number + i}" for i in range(count)], object)
        images = textures(count, 3 * seed + number)
        made[split] = FaceSet(images, labels.astype(np.int64), cast, names=names)
    return made


def planted() -> dict[str, FaceSet]:
    """One fault of each kind; what and where is in the tests."""
    splits = clean()
    train, public, private = (splits[name] for name in SPLITS)
    train.images[0] = 0
    train.images[1] = cv2.circle(np.full((48, 48), 200, np.uint8), (24, 24), 7, 90, -1)
    train.images[2, 8:40, 8:40][textures(1, 77)[0, :32, :32] > 120] = 255
    train.images[9] = train.images[16] = train.images[23]  # three of label 2
    train.images[10] = train.images[18][:, ::-1]  # labels 3 and 4
    train.images[11] = np.clip(public.images[4].astype(int) + 35, 0, 255)  # labels 4 and 4
    train.images[12] = private.images[6]  # labels 5 and 6
    train.votes[13] = 0
    train.votes[14] = 2 * np.eye(7)[0]
    train.votes[15] = 7 * np.eye(7)[6]  # labelled 1
    public.images[5] = 255
    private.votes[7] = 0
    private.images[8] = private.images[1]
    return splits


@pytest.fixture(scope="module")
def findings():
    return examine(planted(), cascade=False)


def where(findings, mask) -> list[tuple[str, int]]:
    """The marked faces as split and position."""
    gallery = findings.gallery
    return [
        (gallery.names[gallery.split[face]], int(face - gallery.starts[gallery.split[face]]))
        for face in np.flatnonzero(mask)
    ]


def test_blank_and_burnt_out_faces(findings):
    blank = where(findings, findings.exposure.is_blank)
    assert blank == [("Training", 0), ("Training", 1), ("PublicTest", 5)]
    assert where(findings, findings.exposure.is_saturated) == [("Training", 2)]


def test_a_black_border_is_not_burnt_out():
    splits = clean()
    splits["Training"].images[3, :, :8] = 0
    splits["Training"].images[4, 40:] = 255
    told = examine(splits, cascade=False)
    assert not told.exposure.is_saturated.any()
    assert not told.exposure.is_blank.any()


def test_opinions(findings):
    opinions = findings.opinions
    assert opinions.asked.all()
    assert where(findings, opinions.unnamed) == [("Training", 13), ("PrivateTest", 7)]
    assert where(findings, opinions.doubtful) == [("Training", 14)]
    assert where(findings, opinions.differs) == [("Training", 15)]
    assert opinions.table[1, 6] == 1
    assert opinions.table.sum() == opinions.table.trace() + 1 == sum(SIZES.values()) - 3


def test_a_second_set_without_votes_is_not_called_faceless():
    splits = clean()
    own = splits["Training"]
    extra = np.array([f"../more/happy/{i}.png" for i in range(10)], object)
    names = np.concatenate([own.names[:20], extra])
    own.votes[20:] = 0
    splits["Training"] = FaceSet(own.images, own.labels, own.votes, names=names)
    told = examine(splits, cascade=False)
    assert where(told, ~told.opinions.asked) == [("Training", i) for i in range(20, 30)]
    assert not told.opinions.unnamed.any()
    assert (reasons(told) == "").all()


def test_without_votes_nothing_is_said_of_them():
    told = audit(examine(clean(votes=False), cascade=False))
    assert told.ferplus is None
    assert "FER+" not in told.to_markdown().split("## What")[0]


def test_copies_by_split(findings):
    copies = audit(findings).copies
    assert copies["exact"]["Training"] == {"Training": 3, "PublicTest": 0, "PrivateTest": 1}
    assert copies["exact"]["PrivateTest"] == {"Training": 1, "PublicTest": 0, "PrivateTest": 2}
    assert copies["near"]["Training"] == {"Training": 2, "PublicTest": 1, "PrivateTest": 0}
    assert copies["near"]["PublicTest"] == {"Training": 1, "PublicTest": 0, "PrivateTest": 0}
    assert (copies["pairs"], copies["mirrored"]) == (2, 1)
    assert (copies["groups"], copies["largest"]) == (5, 3)
    assert copies["conflicting"] == {"Training": 2, "PublicTest": 0, "PrivateTest": 1}


def test_leak(findings):
    assert audit(findings).leak == {
        "PublicTest": {"exact": 0, "near": 1, "any": 1, "conflicting": 0},
        "PrivateTest": {"exact": 1, "near": 0, "any": 1, "conflicting": 1},
    }


DROPPED = {
    ("Training", 0): "blank",
    ("Training", 1): "blank",
    ("Training", 10): "copy with another label",
    ("Training", 18): "copy with another label",
    ("Training", 11): "copy of a test face",
    ("Training", 12): "copy of a test face",
    ("Training", 13): "no emotion by FER+",
    ("Training", 16): "exact copy",
    ("Training", 23): "exact copy",
    ("PublicTest", 5): "blank",
    ("PrivateTest", 7): "no emotion by FER+",
}


def test_the_cleaned_list_is_exactly_right(findings, tmp_path):
    told = reasons(findings)
    places = where(findings, told != "")
    assert dict(zip(places, told[told != ""], strict=True)) == DROPPED

    write_list(findings, told, tmp_path / "keep.csv")
    with (tmp_path / "keep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    splits = planted()
    assert [(row["split"], row["name"]) for row in rows] == [
        (split, splits[split].name(i))
        for split, count in SIZES.items()
        for i in range(count)
        if (split, i) not in DROPPED
    ]


def test_of_identical_faces_one_stays_although_the_first_is_dropped():
    splits = clean()
    train = splits["Training"]
    train.images[[8, 15, 22]] = train.images[1]
    train.votes[1] = 0
    told = examine(splits, cascade=False)
    dropped = where(told, reasons(told) != "")
    assert dropped == [("Training", 1), ("Training", 15), ("Training", 22)]


def test_copies_inside_a_test_split_stay():
    splits = clean()
    splits["PrivateTest"].images[1:4] = splits["PrivateTest"].images[0]
    assert (reasons(examine(splits, cascade=False)) == "").all()


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**30))
def test_in_clean_data_nothing_is_found(seed):
    findings = examine(clean(seed), cascade=False)
    told = audit(findings)
    for counts in (told.blank, told.saturated, told.copies["conflicting"]):
        assert set(counts.values()) == {0}
    for kind in ("unnamed", "doubtful", "differs"):
        assert set(told.ferplus[kind].values()) == {0}
    assert told.copies["groups"] == told.copies["pairs"] == 0
    assert all(leak["any"] == 0 for leak in told.leak.values())
    assert (reasons(findings) == "").all()
    assert told.examples == {}
    assert told.fix_lines() == []


def test_the_report_says_everything(findings):
    told = audit(findings)
    read = json.loads(told.to_json())
    assert read["faces"] == SIZES
    assert read["labels"]["Training"] == {
        name: 5 if i < 2 else 4 for i, name in enumerate(told.classes)
    }
    assert read["imbalance"] == 1.25
    assert read["no_face_found"] is None
    assert read["dropped"]["blank"] == {"Training": 2, "PublicTest": 1, "PrivateTest": 0}
    text = told.to_markdown()
    assert "PrivateTest: 1 of 12 faces (8.3%) have a copy in Training, 1 an exact one" in text
    assert "Training fer2013.csv, line 10 = Training fer2013.csv, line 18" in text
    assert "| kept " in text
    assert told.fix_lines()[0] == "dropped 3: blank or nearly constant"


def test_tables_line_up(findings):
    for block in audit(findings).to_markdown().split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(line) for line in lines}) <= 1
        assert len({line.count("|") for line in lines}) <= 1


def test_an_empty_class_has_no_imbalance():
    splits = clean()
    few = splits["Training"]
    splits["Training"] = few[few.labels != 1]
    told = audit(examine(splits, cascade=False))
    assert told.imbalance is None
    assert "A class has no faces in Training" in told.to_markdown()


def test_the_sheet_has_a_row_a_kind(findings, tmp_path):
    sheet = draw_sheet(findings, a_row=3)
    kinds = audit(findings).examples
    assert len(kinds) == 6
    empty = draw_sheet(examine(clean(), cascade=False), a_row=3)
    assert (sheet.dtype, sheet.shape[1]) == (np.uint8, empty.shape[1])
    assert sheet.shape[0] > len(kinds) * empty.shape[0]
    write_sheet(findings, tmp_path / "new" / "sheet.png", a_row=3)
    read = cv2.imread(str(tmp_path / "new" / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(read, sheet)
    with pytest.raises(OutputError, match=r"sheet.nothing: cannot be written as a picture"):
        write_sheet(findings, tmp_path / "sheet.nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


def test_the_cascade_finds_tight_faces_and_not_textures():
    drawn = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(VISITOR.glob("*.png"))]
    images = np.concatenate([np.stack(drawn), textures(10, seed=5)])
    count = len(images)
    faces = FaceSet(images, np.zeros(count, np.int64), np.zeros((count, 7), np.float32))
    lines: list[str] = []
    missed = faces_missed(Gallery({"Training": faces}), lines.append, every=5)
    assert not missed[: len(drawn)].any()
    assert missed[len(drawn) :].all()
    assert lines[0] == f"faces: 5 of {count} searched"


def test_accuracy_with_and_without_leaked_faces():
    correct, leak = np.array([1, 1, 0, 0, 1], np.bool_), np.array([1, 0, 0, 0, 1], np.bool_)
    assert with_and_without(correct, leak) == {
        "faces": 5,
        "leaked": 2,
        "all": 0.6,
        "without": 0.333333,
        "leaked_alone": 1.0,
    }
    assert with_and_without(correct, ~leak & leak)["leaked_alone"] is None


def test_the_effect_of_a_leak_is_told_for_a_model(findings):
    model = load_model(MODELS / "emotion-int8.tflite")
    splits = planted()
    leaks = {"PrivateTest": np.arange(12) == 6}
    told = leak_effect(model, splits, leaks)
    private = splits["PrivateTest"]
    right = model.predict(list(private.images)).argmax(axis=1) == private.labels
    assert told["model"] == "emotion-int8.tflite"
    assert told["PrivateTest"]["original"] == with_and_without(right, leaks["PrivateTest"])
    assert told["PrivateTest"]["ferplus"]["faces"] == 11
    leaks["PublicTest"] = np.zeros(12, np.bool_)
    text = audit(findings, leak_effect(model, splits, leaks)).to_markdown()
    assert "without leaked" in text


def test_a_model_of_another_task_is_refused():
    splits = clean()
    three = {
        name: FaceSet(
            faces.images, faces.labels % 3, faces.votes[:, :3], ("negative", "neutral", "positive")
        )
        for name, faces in splits.items()
    }
    with pytest.raises(UsageError, match="labelled negative, neutral, positive"):
        leak_effect(
            load_model(MODELS / "emotion-int8.tflite"),
            three,
            {"PublicTest": np.zeros(12, np.bool_)},
        )


@pytest.fixture
def folders(tmp_path) -> Path:
    """Class folders with a picture that is text, one cut off, a wide and a small one."""
    root = tmp_path / "faces"
    splits = clean()
    for split, folder in (("Training", "train"), ("PrivateTest", "test")):
        for number, image in enumerate(textures(140, seed=len(folder))):
            label = splits["Training"].classes[number % 7]
            (root / folder / label).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / label / f"{split}_{number}.png"), image)
    angry = root / "train" / "angry"
    cv2.imwrite(str(angry / "wide.png"), cv2.resize(textures(1, 50)[0], (80, 60)))
    cv2.imwrite(str(angry / "small.png"), cv2.resize(textures(1, 51)[0], (40, 40)))
    (angry / "text.png").write_text("no picture")
    whole = (angry / "Training_0.png").read_bytes()
    (angry / "cut.png").write_bytes(whole[: len(whole) // 2])
    return root


def test_damaged_and_misshapen_files(folders):
    files = inspect(folders, {})
    assert len(files.names) == 284
    assert files.unreadable == ("train/angry/text.png",)
    assert files.not_square == ("train/angry/wide.png",)
    assert files.small == ("train/angry/small.png",)
    splits = load(folders)
    names = [faces.name(i) for faces in splits.values() for i in range(len(faces))]
    loaded = files.after_loading(names)
    assert loaded.unreadable == ("train/angry/cut.png", "train/angry/text.png")
    told = audit(examine(splits, loaded, cascade=False))
    assert told.files == {"checked": 284, "unreadable": 2, "not_square": 1, "small": 1}
    assert told.fix_lines() == ["dropped 2: cannot be read as a picture"]
    assert "Of 284 picture files 2 cannot be read, 1 are not square" in told.to_markdown()


def test_files_of_a_second_set_have_the_names_that_load_gives_them(folders, tmp_path):
    extra = tmp_path / "more"
    (extra / "anger").mkdir(parents=True)
    for number, image in enumerate(textures(5, seed=60)):
        cv2.imwrite(str(extra / "anger" / f"{number}.png"), image)
    names = inspect(extra, {}, folders).names
    loaded = load(folders, extra=[extra])["Training"]
    assert set(names) <= {loaded.name(i) for i in range(len(loaded))}
    assert names[0] == "../more/anger/0.png"


def test_a_csv_has_no_files_to_look_at(data):
    assert inspect(data, {}).names == inspect(data / "fer2013.csv", {}).names == ()


def test_the_command_writes_what_it_says(generated, tmp_path, capsys):
    data = generated.write(tmp_path / "data", planted())
    out, fix = tmp_path / "out", tmp_path / "to keep.csv"
    arguments = ["audit", "--data", str(data), "--out", str(out), "--fix", str(fix)]
    assert main([*arguments, "--sheet", str(tmp_path / "worst.png")]) == 0
    said = capsys.readouterr().out
    told = json.loads((out / "audit.json").read_text())
    assert told["leak"]["PrivateTest"]["any"] == 1
    assert told["no_face_found"]["Training"] == 30
    assert (out / "audit.md").read_text() in said
    assert (out / "sheet.png").read_bytes() == (tmp_path / "worst.png").read_bytes()
    assert "dropped 2: the same pixels come earlier in Training" in said
    assert f"--only '{fix}' trains on it" in said

    kept = load(data, only=fix)
    assert {name: len(faces) for name, faces in kept.items()} == {
        split: count - sum(place[0] == split for place in DROPPED) for split, count in SIZES.items()
    }
    # what is left has nothing more to be dropped
    assert (reasons(examine(kept, cascade=False)) == "").all()


def test_json_is_all_that_is_printed(generated, tmp_path, capsys):
    data = generated.write(tmp_path / "data", planted())
    assert main(["audit", "--data", str(data), "--json", "--no-cascade"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["blank"]["Training"] == 2
    assert "reading" in said.err


def test_all_damaged_files_are_named_where_the_loader_gives_up(folders, capsys):
    for number in range(5):
        (folders / "test" / "sad" / f"broken{number}.png").write_bytes(b"")
    assert main(["audit", "--data", str(folders), "--no-cascade"]) == EX_DATAERR
    said = capsys.readouterr().err
    for number in range(5):
        assert f"test/sad/broken{number}.png: cannot be read" in said
    assert "edge-train: error: " in said.splitlines()[-1]


def test_a_sheet_that_is_no_png_is_refused_before_the_work(data, capsys):
    assert main(["audit", "--data", str(data), "--sheet", "worst.txt"]) == EX_USAGE
    assert "--sheet worst.txt: must end in .png" in capsys.readouterr().err


def test_a_model_is_judged_by_the_command(generated, tmp_path, capsys):
    data = generated.write(tmp_path / "data", planted())
    model = str(MODELS / "emotion-int8.tflite")
    assert main(["audit", "--data", str(data), "--no-cascade", "--json", "--model", model]) == 0
    effect = json.loads(capsys.readouterr().out)["effect"]
    assert effect["PrivateTest"]["original"]["leaked"] == 1
