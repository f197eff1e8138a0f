"""The report of a run: its figures, its pages, what it hides, and how it looks to a browser."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from edge.errors import DataError, UsageError
from edge.vision.card import MODELS, read_card
from train.cli import main
from train.data import FaceSet, soft_targets
from train.evaluate import predict
from train.metrics import fit_temperature, label_sets, score_both, softmax
from train.report.figures import measure
from train.report.findings import NO_COPIES, NO_FACES, NO_LOG, NO_RECIPE, Options
from train.report.report import report
from train.report.subject import find, read_log
from train.significance import intervals

HERE = Path(__file__).parent
SECTIONS = (
    "summary",
    "curves",
    "confusion",
    "classes",
    "two-accuracies",
    "calibration",
    "anger",
    "faces",
    "gradcam",
    "layers",
    "angry",
    "data",
    "made",
)


def quiet(_: str) -> None:
    """For `say`."""


@pytest.fixture(scope="module")
def helper():
    spec = importlib.util.spec_from_file_location("report_run", HERE / "report_run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def faces(generated, helper):
    return helper.noisy(generated.splits(60))


@pytest.fixture(scope="module")
def network(small, helper, faces):
    keras.utils.set_random_seed(0)
    made = small.network(32)
    helper.call_angry(made, faces["PublicTest"])
    return made


@pytest.fixture(scope="module")
def run(helper, network, tmp_path_factory):
    return helper.write_run(tmp_path_factory.mktemp("runs") / "first", network)


@pytest.fixture(scope="module")
def leaked(faces):
    return {"PublicTest": np.arange(len(faces["PublicTest"])) % 10 == 0}


@pytest.fixture(scope="module")
def told(run, faces, leaked):
    """The whole report, with everything it can have but an audit."""
    options = Options(leaked=leaked, command=("/somewhere/edge-train", "report", "my runs/first"))
    return report(find(run), faces, run, options, quiet)


@pytest.fixture(scope="module")
def page(helper, run, told):  # noqa: ARG001
    return helper.parse(run / "report.html")


@pytest.fixture(scope="module")
def bare(run, faces, tmp_path_factory):
    """The report of the model alone, without single faces: (figures, folder)."""
    out = tmp_path_factory.mktemp("bare")
    model = shutil.copy(run / "best.keras", out / "alone.keras")
    options = Options(split="PrivateTest", with_faces=False)
    return report(find(Path(model)), faces, out, options, quiet), out


def test_the_figures_are_those_of_the_metrics(told, network, faces):
    public = faces["PublicTest"]
    logits = predict(network, public.images)
    temperature = fit_temperature(logits, soft_targets(public))
    probabilities = softmax(logits, temperature)
    assert told["temperature"] == pytest.approx(temperature)
    assert told["scores"] == score_both(probabilities, public)
    chosen, truth = label_sets(public)["ferplus"]
    assert told["intervals"]["ferplus"] == intervals(probabilities[chosen], truth)


def test_the_temperature_of_private_test_is_public_tests(told, bare):
    assert bare[0]["temperature"] == told["temperature"]
    assert bare[0]["scores"] != told["scores"]


def test_a_shipped_file_is_told_at_its_cards_temperature(generated):
    """And over no other split, as there is nothing to choose."""
    card = read_card(MODELS / "emotion.json")
    read = []
    faces = {"PrivateTest": generated.splits(2)["PrivateTest"]}
    measured = measure(find(MODELS / "emotion-float32.tflite"), faces, "PrivateTest", read.append)
    assert measured.temperature == card.temperature
    assert measured.temperature_from == "its card's"
    np.testing.assert_array_equal(
        measured.probabilities, softmax(measured.logits, card.temperature)
    )
    assert len(read) == 1


def test_the_file_holds_what_was_returned(told, run):
    assert json.loads((run / "report.json").read_text()) == told


def test_every_part_is_there_and_in_the_contents(page):
    assert tuple(page.ids) == SECTIONS
    assert page.links == [f"#{name}" for name in SECTIONS]


def test_the_page_says_what_the_figures_are(told, page, run):
    markdown = (run / "report.md").read_text()
    for labels, name in (("original", "FER-2013 labels"), ("ferplus", "FER+ majority")):
        scores = told["scores"][labels]
        low, high = scores["accuracy_95"]
        shown = f"{scores['accuracy']:.1%}", f"{100 * low:.1f}-{high:.1%}"
        assert all(one in page.text for one in shown)
        assert f"{shown[0]} ({shown[1]})" in markdown
        low, high = told["intervals"][labels]["macro_f1"]
        assert f"{scores['macro_f1']:.1%} ({100 * low:.1f}-{high:.1%})" in markdown
        assert f"{scores['binary_accuracy']:.1%}" in page.text
        assert f"{scores['calibration_error']:.3f}" in page.text
        alt = next(one for one in page.alts if f"matrix in faces, {name}" in one)
        right = np.diag(scores["confusion"])
        totals = np.sum(scores["confusion"], axis=1)
        assert f"angry {right[0]} of {totals[0]}, disgust {right[1]} of {totals[1]}" in alt
        assert any(f"AP {scores['anger_average_precision']:.3f}" in one for one in page.alts)
        for point in told["operating_points"][labels].values():
            assert f"{point['threshold']:.3f}" in page.text
    assert "a model that never says yes already has 85.7%" in page.text


def test_the_markdown_is_markdown(told, run):  # noqa: ARG001
    """Tables and headings stand apart, or readers would show one paragraph."""
    blocks = (run / "report.md").read_text().split("\n\n")
    headings = [one for one in blocks if one.startswith("#")]
    assert all("\n" not in one for one in headings)
    assert headings[:2] == ["# Report: first", "## Classification report, FER-2013 labels"]
    tables = [one for one in blocks if one.startswith("|")]
    assert len(tables) == 13
    for one in tables:
        assert len({line.count(" | ") for line in one.splitlines()}) == 1
    assert not [one for one in blocks if "\n|" in one and not one.startswith("|")]


def test_every_chart_has_its_numbers_in_words(page, told):
    charts = [alt for alt, one in zip(page.alts, page.sources, strict=True) if "svg" in one[:20]]
    # loss, five metrics, learning rate, two spreads, four confusions, classes, two calibrations,
    # precision and recall, two of attention
    assert len(charts) == 19
    for labels, name in (("original", "FER-2013 labels"), ("ferplus", "FER+ majority")):
        error = told["calibration"][labels]["error"]
        alt = next(one for one in charts if f"Reliability diagram, {name}" in one)
        assert f"error {error:.3f} over" in alt


def test_the_copies_left_out_are_left_out(told, network, faces, leaked, page):
    kept = faces["PublicTest"][np.flatnonzero(~leaked["PublicTest"])]
    probabilities = softmax(predict(network, kept.images), told["temperature"])
    before, after = told["without_copies"]["scores"], score_both(probabilities, kept)
    assert before["original"]["confusion"] == after["original"]["confusion"]
    assert before["original"]["accuracy"] == pytest.approx(after["original"]["accuracy"])
    assert told["without_copies"]["n_left_out"] == 42
    assert "42 of 420 faces of PublicTest (10.0%) have an exact or near copy" in page.text


def test_groups_called_angry_add_up(told, page):
    angry = told["called_angry"]
    confusion = np.array(told["scores"]["original"]["confusion"])
    assert angry["n"] == angry["looked_at"] == confusion[:, 0].sum()
    assert angry["original"]["rightly"]["n"] == confusion[0, 0]
    assert angry["original"]["wrongly"]["n"] == confusion[1:, 0].sum()
    for labels in ("original", "ferplus"):
        for group in ("rightly", "wrongly"):
            one = angry[labels][group]
            assert sum(one["attention"].values()) == pytest.approx(1)
            assert set(one["probability"]) == {*angry["area"], "nothing"}
    assert sum(angry["area"].values()) == pytest.approx(1)
    assert f"{angry['n']} faces are called angry" in page.text


def test_what_was_typed_is_shown_as_text(page, run):
    assert "edge-train report 'my runs/first'" in page.text
    assert "edge-train fit --run <b>" in page.text
    assert "<b>" not in (run / "report.html").read_text().split("The command")[1].split("</pre>")[0]
    assert "/somewhere" not in page.text


def test_the_report_warns_of_its_faces_and_shows_them(page, faces):
    assert "Contains faces of the data: do not publish" in page.text
    shown = {one.tobytes() for one in page.pngs() if one.shape == (48, 48)}
    everybody = {face.tobytes() for face in faces["PublicTest"].images}
    assert len(shown) > 20
    assert shown <= everybody


def test_no_faces_means_no_face(helper, bare, faces):
    page = helper.parse(bare[1] / "report.html")
    assert "faces" not in page.ids
    assert {"gradcam", "layers", "angry"} <= set(page.ids)
    assert "do not publish" not in page.text
    everybody = faces["PrivateTest"].images
    for picture in page.pngs():
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA).ravel().astype(float)
        likest = max(np.corrcoef(small, face.ravel())[0, 1] for face in everybody)
        assert likest < 0.97


def test_what_is_missing_is_said(helper, bare, told):
    figures, out = bare
    assert figures["left_out"] == [NO_LOG, NO_RECIPE, NO_COPIES, NO_FACES]
    assert told["left_out"] == []
    page, markdown = helper.parse(out / "report.html"), (out / "report.md").read_text()
    assert "curves" not in page.ids
    for line in figures["left_out"]:
        assert line in page.text
        assert line in markdown
    assert "edge-train audit" in page.text


def test_a_valence_model_has_no_anger(small, helper, faces, tmp_path):
    keras.utils.set_random_seed(0)
    small.network(32, classes=3).save(tmp_path / "three.keras")
    figures = report(find(tmp_path / "three.keras"), faces, tmp_path, Options(), quiet)
    assert figures["classes"] == ["negative", "neutral", "positive"]
    assert figures["called_angry"] is None
    page = helper.parse(tmp_path / "report.html")
    assert not {"anger", "angry"} & set(page.ids)
    assert "a model that never says yes already has 66.7%" in page.text


def test_a_task_that_leaves_faces_out_knows_which_were_copies(small, faces, tmp_path):
    """Happy against sad takes two emotions of seven; the mask is of all faces read."""
    keras.utils.set_random_seed(0)
    small.network(32, classes=2).save(tmp_path / "two.keras")
    public = faces["PublicTest"]
    options = Options(leaked={"PublicTest": public.labels == 3})
    figures = report(find(tmp_path / "two.keras"), faces, tmp_path, options, quiet)
    assert figures["without_copies"]["n_left_out"] == (public.labels == 3).sum()
    left = figures["without_copies"]["scores"]["original"]["per_class"]
    assert left["happy"]["n"] == 0
    assert left["sad"]["n"] == (public.labels == 4).sum()


def test_a_network_without_feature_maps_still_has_a_report(faces, helper, tmp_path):
    keras.utils.set_random_seed(0)
    face = keras.Input((32, 32, 1), name="face")
    logits = keras.layers.Dense(7, name="logits")(keras.layers.Flatten()(face))
    keras.Model(face, logits).save(tmp_path / "flat.keras")
    bare = {name: _without_votes(one) for name, one in faces.items()}
    figures = report(find(tmp_path / "flat.keras"), bare, tmp_path, Options(), quiet)
    assert any(line.startswith("Grad-CAM:") for line in figures["left_out"])
    assert list(figures["scores"]) == ["original"]
    assert not {"gradcam", "angry", "layers"} & set(helper.parse(tmp_path / "report.html").ids)


def _without_votes(faces: FaceSet) -> FaceSet:
    return FaceSet(faces.images, faces.labels, np.zeros_like(faces.votes))


def test_an_unknown_layer_is_told_before_the_long_part(run, faces, tmp_path):
    said: list[str] = []
    with pytest.raises(UsageError, match="'nowhere' is no layer with a feature map"):
        report(find(run), faces, tmp_path, Options(cam_layer="nowhere"), said.append)
    assert said == []
    assert list(tmp_path.iterdir()) == []


# -- reading what the report is about


def test_a_runs_folder_is_read_whole(run):
    subject = find(run)
    assert (subject.name, subject.model.name) == ("first", "best.keras")
    assert subject.recipe["epochs"] == 6
    assert subject.about["commit"] == "c0ffee"
    assert subject.log["stage"].tolist() == ["head"] * 2 + ["fine-tune"] * 4
    assert subject.log["val_ferplus_accuracy"].argmax() == 3


def test_the_balanced_model_goes_before_the_best(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    shutil.copy(run / "best.keras", tmp_path / "run" / "balanced.keras")
    assert find(tmp_path / "run").model.name == "balanced.keras"


def test_the_shipped_file_can_be_reported_on():
    shipped = find(HERE.parents[1] / "models" / "emotion-float32.tflite")
    assert shipped.facts["input"] == 112
    assert shipped.folder is None
    assert shipped.network.get_layer("pool").input.shape == (None, 3, 3, 1280)


BROKEN = {
    "an empty folder": (lambda folder: (folder / "best.keras").unlink(), "neither best.keras nor"),
    "a recipe cut short": (
        lambda folder: (folder / "recipe.json").write_text('{"arch": '),
        "recipe.json: cannot be read as JSON",
    ),
    "a recipe that is a list": (
        lambda folder: (folder / "about.json").write_text("[]"),
        "about.json: holds no JSON object",
    ),
    "a log cut short": (
        lambda folder: (folder / "log.csv").write_text("epoch,loss\n1,2.0\n2\n"),
        "log.csv, line 3: 1 cells where 2 belong",
    ),
}


@pytest.mark.parametrize(("harm", "message"), BROKEN.values(), ids=BROKEN)
def test_a_damaged_run_names_the_file(run, tmp_path, harm, message):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    harm(folder)
    with pytest.raises(DataError) as caught:
        find(folder)
    assert message in str(caught.value)


def test_a_log_of_nothing_is_none(tmp_path):
    assert read_log(tmp_path / "log.csv") == {}
    (tmp_path / "log.csv").write_text("")
    assert read_log(tmp_path / "log.csv") == {}
    (tmp_path / "log.csv").write_text("epoch,loss\n")
    assert read_log(tmp_path / "log.csv") == {}


# -- the command


@pytest.fixture
def command(capsys, monkeypatch):
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)

    def run_it(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run_it


def test_the_command_writes_the_report_with_the_audit(command, run, data, tmp_path, helper):
    code, *_ = command("audit", "--data", data, "--no-cascade", "--out", tmp_path / "run")
    assert code == 0
    for name in ("best.keras", "recipe.json"):
        shutil.copy(run / name, tmp_path / "run" / name)
    code, out, err = command("report", tmp_path / "run", "--data", data, "--layers", "relu, last")
    assert (code, err) == (0, "")
    assert f"{tmp_path / 'run' / 'report.html'}: written" in out.splitlines()[-1]
    page = helper.parse(tmp_path / "run" / "report.html")
    assert "Data audit" in page.text
    assert "#### Copies" in (tmp_path / "run" / "report.md").read_text()
    assert [alt for alt in page.alts if alt.startswith("Feature maps of layer relu")]
    figures = json.loads((tmp_path / "run" / "report.json").read_text())
    assert figures["without_copies"] is not None


def test_a_model_without_a_folder_needs_out(command, run, data, tmp_path):
    model = shutil.copy(run / "best.keras", tmp_path / "model.keras")
    code, _, err = command("report", model, "--data", data)
    assert code == 64
    assert "--out DIR says where its report goes" in err


@pytest.mark.parametrize("text", ["{", "[]", '{"faces": 3}'])
def test_an_audit_that_is_none_is_refused(command, run, data, tmp_path, text):
    (tmp_path / "audit.json").write_text(text)
    code, out, err = command(
        *("report", run, "--data", data, "--no-copies", "--out", tmp_path / "out"),
        *("--audit", tmp_path / "audit.json"),
    )
    assert code == 65
    assert "run edge-train audit again" in err or "edge-train audit writes one" in err
    assert "PublicTest ..." not in out  # before the long part
    assert not (tmp_path / "out").exists()


# -- a real browser


MEASURE = """<script>
addEventListener('load', () => {
const broken = [...document.images].filter(one => !one.complete || one.naturalWidth === 0).length;
const lost = [...document.querySelectorAll('nav a')]
    .filter(one => !document.querySelector(one.getAttribute('href'))).length;
const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.title = JSON.stringify({broken, lost, over, images: document.images.length});
});
</script></body>"""


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_page_without_complaint(browser, run, page, tmp_path, width):
    document, console = browser(run / "report.html", width)
    assert console == []
    assert document.count("<section") == len(SECTIONS)
    # the page forbids scripts, so a copy without that is measured
    text = (run / "report.html").read_text()
    start = text.index('<meta http-equiv="Content-Security-Policy"')
    open_text = text[:start] + text[text.index(">", start) + 1 :]
    (tmp_path / "open.html").write_text(open_text.replace("</body>", MEASURE))
    document, _ = browser(tmp_path / "open.html", width)
    told = json.loads(document.split("<title>")[1].split("</title>")[0])
    assert told == {"broken": 0, "lost": 0, "over": 0, "images": len(page.sources)}


def test_a_browser_would_complain_of_a_script(browser, tmp_path, run):
    """So that the test above can fail."""
    text = (run / "report.html").read_text().replace("</body>", MEASURE)
    (tmp_path / "scripted.html").write_text(text)
    _, console = browser(tmp_path / "scripted.html", 1200)
    assert any("Content Security Policy" in line for line in console)
