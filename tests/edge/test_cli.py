"""What `edge-run` promises on the command line: its flags, its output, its good ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import pytest
import skimage.data

from edge import __version__
from edge.cli import main
from edge.labels import EMOTIONS

EDGE_RUN = Path(sys.executable).with_name("edge-run")


def edge_run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [str(part) for part in (EDGE_RUN, *arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    cv2.imwrite(str(path), cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture(scope="module")
def coffee(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "a cup of coffee.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(skimage.data.coffee(), cv2.COLOR_RGB2BGR))
    return path


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_installed_command_reads_a_picture_and_says_nothing_else(photo, coffee):
    ended = edge_run("--image", photo, coffee, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    with_face, without = objects(ended.stdout)
    assert set(with_face) == {"image", "width", "height", "faces"}
    assert (with_face["image"], with_face["width"], with_face["height"]) == (str(photo), 512, 512)
    (face,) = with_face["faces"]
    assert set(face) == {"box", "emotion", "probabilities", "valence"}
    x, y, w, h = face["box"]
    assert x < 225 < x + w, "the astronaut's nose"
    assert y < 120 < y + h
    assert set(face["probabilities"]) == set(EMOTIONS)
    assert set(face["valence"]) == {"negative", "neutral", "positive"}
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert sum(face["valence"].values()) == pytest.approx(1, abs=1e-3)
    assert face["emotion"] == max(face["probabilities"], key=face["probabilities"].get)
    assert without == {"image": str(coffee), "width": 600, "height": 400, "faces": []}


@pytest.mark.parametrize(
    ("arguments", "runtime"),
    [([], "litert"), (["--runtime", "litert"], "litert"), (["--runtime", "onnx"], "onnx")],
    ids=["default", "litert", "onnx"],
)
def test_every_runtime_reads_the_same_face(arguments, runtime, photo, capsys):
    if runtime == "onnx":
        pytest.importorskip("onnxruntime")
    assert main(["--image", str(photo), "--json", "--threads", "2", *arguments]) == 0
    (told,) = objects(capsys.readouterr().out)
    assert [face["emotion"] for face in told["faces"]] == ["happy"]


def test_a_line_for_people(photo, coffee, capsys):
    assert main(["--image", str(photo), str(coffee)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{photo}: happy ")
    assert second == f"{coffee}: no face found"


def test_a_folder_is_read_in_order_of_name(tmp_path, photo, coffee, capsys):
    for name, source in (("b.png", photo), ("A.jpg", coffee), ("c.JPG", coffee)):
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "notes.txt").write_text("not a picture, and not asked about")
    (tmp_path / "inner.jpg").mkdir()
    assert main(["--image", str(tmp_path), "--json"]) == 0
    told = capsys.readouterr()
    assert [Path(each["image"]).name for each in objects(told.out)] == ["A.jpg", "b.png", "c.JPG"]
    assert told.err == ""


def test_a_model_is_named_by_its_file_or_its_card(photo, capsys):
    from edge.vision.card import DEFAULT_CARD, read_card

    file = read_card(DEFAULT_CARD).pick("tflite")
    for model in (file, DEFAULT_CARD):
        assert main(["--image", str(photo), "--json", "--model", str(model)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


@pytest.mark.parametrize(
    ("labels", "card"), [("ferplus", "emotion.json"), ("fer2013", "emotion-fer2013.json")]
)
def test_labels_name_a_shipped_card(labels, card, photo, capsys):
    from edge.vision.card import MODELS

    for named in (["--labels", labels], ["--model", str(MODELS / card)]):
        assert main(["--image", str(photo), "--json", *named]) == 0
    first, second = objects(capsys.readouterr().out)
    assert first == second
    assert main(["--check-config", "--labels", labels]) == 0
    assert f"hash agrees with {card}\n" in capsys.readouterr().out


def test_the_flag_that_names_a_model_wins_over_what_the_file_names(tmp_path, capsys):
    config = tmp_path / "config.toml"

    def model(*arguments):
        assert main(["--print-config", "--config", str(config), *arguments]) == 0
        told = tomllib.loads(capsys.readouterr().out)["model"]
        return told["path"], told["labels"]

    config.write_text('[model]\npath = "mine.json"\n')
    assert model() == ("mine.json", "")
    assert model("--labels", "fer2013") == ("", "fer2013")
    config.write_text('[model]\nlabels = "fer2013"\n')
    assert model() == ("", "fer2013")
    assert model("--model", "mine.json") == ("mine.json", "")


def test_a_scene_prints_an_object_an_event(capsys):
    assert main(["--camera", "demo:angry?pace=off", "--json", *EAGER]) == 0
    told = objects(capsys.readouterr().out)
    names = [each["event"] for each in told]
    assert names[0] == "started"
    assert names[-1] == "ended"
    assert names.index("came") < names.index("firing") < names.index("resolved")
    firing = next(each for each in told if each["event"] == "firing")
    resolved = next(each for each in told if each["event"] == "resolved")
    assert firing["incident"] == resolved["incident"]
    assert resolved["reason"] in {"gone", "calm"}
    assert told[-1]["alerts"] == names.count("firing")


EAGER = [
    "--set",
    "rules.anger.seconds=0.5",
    "--set",
    "rules.anger.on=0.05",
    "--set",
    "rules.anger.off=0.01",
]


def test_the_file_says_which_camera_and_the_flag_overrules_it(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text('[camera]\nsource = "demo:calm?pace=off"\nwidth = 320\nheight = 240\n')
    assert main(["--config", str(config), "--json"]) == 0
    assert objects(capsys.readouterr().out)[0]["camera"] == "demo:calm?pace=off"
    assert main(["--config", str(config), "--json", "--camera", "demo:two?pace=off"]) == 0
    assert objects(capsys.readouterr().out)[0]["camera"] == "demo:two?pace=off"


def test_the_environment_says_which_camera():
    environment = os.environ | {"EDGE_RUN_CAMERA_SOURCE": "demo:angry?pace=off"}
    ended = edge_run("--json", env=environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert objects(ended.stdout)[0]["camera"] == "demo:angry?pace=off"


def test_what_print_config_prints_is_a_configuration(tmp_path, capsys):
    assert main(["--print-config", "--set", "rules.anger.on=0.61", "--threads", "3"]) == 0
    printed = capsys.readouterr().out
    values = tomllib.loads(printed)
    assert values["rules"]["anger"]["on"] == 0.61
    assert values["model"]["threads"] == 3
    again = tmp_path / "config.toml"
    again.write_text(printed)
    assert main(["--print-config", "--config", str(again)]) == 0
    assert capsys.readouterr().out == printed


def test_a_commented_configuration_is_a_configuration(tmp_path, capsys):
    flags = ["--set", "rules.anger.on=0.61", "--set", "sinks.lamp.type=gpio", "--threads", "3"]
    assert main(["--print-config", "--commented", *flags]) == 0
    config = tmp_path / "config.toml"
    config.write_text(capsys.readouterr().out)
    assert main(["--print-config", *flags]) == 0
    printed = capsys.readouterr().out
    assert main(["--print-config", "--config", str(config)]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--commented"],
        ["--service", "--json"],
        ["--service", "--image", "a.jpg"],
        ["--service", "--check-config"],
    ],
    ids=" ".join,
)
def test_flags_that_do_not_fit_together_are_refused(arguments, capsys):
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code == 64
    assert len(capsys.readouterr().err.splitlines()) in {1, 2}


def test_the_service_gets_the_configuration_and_gives_the_exit_code(monkeypatch, tmp_path):
    told = []

    class Supervisor:
        def __init__(self, config):
            told.append(config)

        def run(self):
            return 75

    monkeypatch.setattr("edge.supervisor.Supervisor", Supervisor)
    monkeypatch.setattr("edge.health.logs.setup", lambda *given: told.append(given))
    config = tmp_path / "config.toml"
    config.write_text('[sinks.desk]\ntype = "mqtt"\npassword = "credential:desk"\n')
    assert main(["--service", "--config", str(config), "--camera", "demo:"]) == 75
    logging, configured = told
    assert logging == (True, False, False)
    assert configured.camera.source == "demo:"
    assert configured.sinks["desk"].password == "credential:desk", "looked up by the service"


def test_check_config_names_what_it_checked(capsys):
    assert main(["--check-config"]) == 0
    told = capsys.readouterr().out
    for part in ("built-in values", "hash agrees", "anger (angry at"):
        assert part in told


def test_list_cameras_names_every_scene(capsys):
    assert main(["--list-cameras"]) == 0
    told = capsys.readouterr().out
    for scene in ("demo:", "demo:calm", "demo:angry", "demo:two"):
        assert scene in told.split()


def test_the_self_test_uses_the_model_that_the_configuration_names(golden_card, tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(f'[model]\npath = "{golden_card()}"\nruntime = "litert"\n')
    assert main(["--self-test", "--json", "--config", str(config)]) == 0
    checks = objects(capsys.readouterr().out)
    assert {check["state"] for check in checks} == {"ok", "not checked"}
    assert all(" on onnx" not in check["what"] for check in checks)


@pytest.mark.parametrize(
    "other", [["--image", "a.jpg"], ["--check-config"], ["--camera", "demo:"]], ids=" ".join
)
def test_the_self_test_is_a_job_of_its_own(other, capsys):
    try:
        code = main(["--self-test", *other])
    except SystemExit as ended:
        code = ended.code
    assert code == 64
    assert capsys.readouterr().out == ""


def test_version_and_help():
    version = edge_run("--version")
    assert (version.returncode, version.stdout) == (0, f"edge-run {__version__}\n")
    shown = edge_run("--help")
    assert shown.returncode == 0
    examples = ("edge-run --image photo.jpg", "edge-run --self-test", "alerts list", "doctor")
    for example in examples:
        assert example in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--image", *["PHOTO"] * 4], ["--camera", "demo:angry?pace=off&loop=on"]],
    ids=["pictures", "camera"],
)
def test_a_reader_that_has_seen_enough_ends_it_quietly(arguments, photo):
    arguments = [str(photo) if part == "PHOTO" else part for part in arguments]
    with subprocess.Popen(
        [EDGE_RUN, *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


def broken_opencv(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open it')\n")
    return edge_run(*arguments, env=os.environ | {"PYTHONPATH": str(folder)})


def test_the_doctor_comes_where_opencv_is_broken(tmp_path):
    ended = broken_opencv(tmp_path, "doctor", "--json")
    assert (ended.returncode, ended.stderr) == (69, "")
    found = {one["check"]: one["verdict"] for one in objects(ended.stdout)}
    assert found["opencv"] == found["installation"] == "failed"


def test_anything_else_sends_to_the_doctor_then(tmp_path):
    ended = broken_opencv(tmp_path, "--service")
    assert (ended.returncode, ended.stdout) == (69, "")
    [line] = ended.stderr.splitlines()
    assert "libGL.so.1" in line
    assert "edge-run doctor" in line
