"""Models that tell valence, or only happy from sad: converted, and read by the device's command."""

from __future__ import annotations

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from convert.convert import convert
from convert.formats import parse_formats
from convert.plan import Plan
from edge.camera.demo import FACES
from edge.cli import main
from edge.errors import ConfigError, DataError
from edge.labels import TASKS
from edge.vision.expression import load_model
from train.architectures import build
from train.batches import prepared
from train.task import find_task

SIZE = 32
POINTS = {"valence": "negative", "happy-sad": "sad"}


@pytest.fixture(scope="module", params=POINTS)
def task_model(request, splits, fit_quickly, tmp_path_factory) -> SimpleNamespace:
    """A conversion: `.task`, `.folder`, `.card`, `.lines` that were said."""
    keras.utils.set_random_seed(0)
    task = find_task(request.param)
    network = build("cnn3", len(task.labels), SIZE)
    training = task.faces(splits["Training"])
    fit_quickly(network, prepared(training.images, SIZE), training.labels)
    folder, lines = tmp_path_factory.mktemp("models"), list[str]()
    plan = Plan(parse_formats("float32.tflite,int8.tflite,int8.onnx"), max_drop=0.1, aware="never")
    card = convert(network, splits, folder, "m", {}, plan=plan, say=lines.append)
    return SimpleNamespace(task=task, folder=folder, card=card, lines=lines)


@pytest.fixture
def command(capsys):
    """Run `edge-run`; return its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


def test_the_card_has_the_labels_of_the_task(task_model):
    assert tuple(task_model.card["labels"]) == TASKS[task_model.task.name]
    points = task_model.card["operating_points"]
    assert list(points) == ["chosen_on", "file", POINTS[task_model.task.name]]
    assert 0 <= points[POINTS[task_model.task.name]]["recall 0.8"]["original"]["threshold"] <= 1
    for about in task_model.card["files"].values():
        scores = about["metrics"]["PublicTest"]["original"]
        assert tuple(scores["per_class"]) == task_model.task.labels
        assert "anger_recall" not in scores
    json.dumps(task_model.card, allow_nan=False)


def test_faces_outside_the_task_are_counted(task_model, splits):
    left_out = {"valence": 0, "happy-sad": 3 * 12 * 5}[task_model.task.name]
    told = [line for line in task_model.lines if "left out" in line]
    assert told == ([f"{left_out} faces are neither happy nor sad: left out"] if left_out else [])
    scored = task_model.card["files"]["m-int8.onnx"]["metrics"]["PrivateTest"]["original"]["n"]
    assert 3 * scored == sum(map(len, splits.values())) - left_out


@pytest.mark.parametrize("file", ["m-float32.tflite", "m-int8.tflite", "m-int8.onnx"])
def test_the_device_reads_every_file(task_model, splits, file):
    model = load_model(task_model.folder / file)
    assert model.labels == task_model.task.labels
    faces = task_model.task.faces(splits["PublicTest"])
    told = model.predict(list(faces.images))
    assert told.shape == (len(faces), len(model.labels))
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)
    assert (told.argmax(axis=1) == faces.labels).mean() > 1.5 / len(model.labels)


def test_a_picture_is_told_in_the_labels_of_the_task(task_model, command):
    card = task_model.folder / "m.json"
    code, out, _ = command("--model", card, "--image", FACES / "happy.png", "--json")
    assert code == 0
    (face,) = json.loads(out)["faces"]
    probabilities = face["probabilities"]
    assert tuple(probabilities) == task_model.task.labels
    assert face["emotion"] == max(probabilities, key=probabilities.get)
    if task_model.task.name == "valence":
        assert face["valence"] == probabilities
    else:
        sad, happy = probabilities["sad"], probabilities["happy"]
        assert face["valence"] == {"negative": sad, "neutral": 0.0, "positive": happy}


def test_a_picture_can_be_annotated(task_model, command, tmp_path):
    card = task_model.folder / "m.json"
    code, out, _ = command("--model", card, "--image", FACES / "happy.png", "--annotate", tmp_path)
    assert code == 0
    assert out.split(": ")[1].split()[0] in task_model.task.labels
    assert (tmp_path / "happy.annotated.png").stat().st_size > 0


def test_the_built_in_rule_asks_for_one_of_its_labels(task_model, command):
    """Anger is not among them, and a rule that can never fire must not pretend to watch."""
    card, label = task_model.folder / "m.json", POINTS[task_model.task.name]
    for job in (("--camera", "demo:"), ("--check-config",)):
        code, out, err = command("--model", card, *job)
        assert (code, out) == (ConfigError.exit_code, "")
        assert f"knows only {', '.join(task_model.task.labels)}" in err
        assert f"--set rules.anger.emotion={label}" in err


def test_a_camera_is_watched_with_a_rule_of_its_labels(task_model, command):
    card, label = task_model.folder / "m.json", POINTS[task_model.task.name]
    code, out, _ = command(
        *("--model", card, "--camera", "demo:angry?pace=off", "--json"),
        *("--set", f"rules.anger.emotion={label}", "--set", "rules.anger.on=0"),
        *("--set", "rules.anger.off=0"),
    )
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    came = next(one for one in events if one["event"] == "came")
    assert tuple(came["probabilities"]) == task_model.task.labels
    assert tuple(came["valence"]) == ("negative", "neutral", "positive")
    assert next(one for one in events if one["event"] == "firing")["label"] == label


def test_outputs_that_fit_no_task_are_refused(splits, tmp_path):
    with pytest.raises(DataError, match="a network with 4 outputs fits no task"):
        convert(build("cnn3", 4, SIZE), splits, tmp_path, "m", {}, say=lambda _: None)
    assert list(tmp_path.iterdir()) == []
