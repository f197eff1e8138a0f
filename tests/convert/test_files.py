"""What the converted files are: int8 throughout, a scale a channel, and a card that is believed."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.formats import FORMATS
from edge.errors import ModelError
from edge.files import sha256
from edge.labels import EMOTIONS
from edge.vision.card import read_card
from edge.vision.expression import load_model
from train.evaluate import predict

FILES = tuple(one.file("tiny") for one in FORMATS)
BESIDE = (
    "tiny-golden.npz",
    "tiny-layers.csv",
    "tiny-layers.png",
    "tiny-representative.csv",
)


def interpreter(path) -> Interpreter:
    made = Interpreter(model_path=str(path), num_threads=1)
    made.allocate_tensors()
    return made


def test_six_files_what_belongs_beside_them_and_nothing_else(made):
    there = sorted(file.name for file in made.folder.iterdir())
    assert there == sorted([*FILES, *BESIDE, "tiny.json"])
    for name, about in made.card["files"].items():
        assert about["sha256"] == sha256(made.folder / name)
        assert about["bytes"] == (made.folder / name).stat().st_size
        assert name == f"tiny-{about['precision']}.{about['format']}"
    assert json.loads((made.folder / "tiny.json").read_text()) == made.card
    assert [line.split()[0] for line in made.lines] == [
        *("converting", "converting", "converting", "quantising", "converting", "quantising"),
        *("holding", "scoring"),
    ]


@pytest.mark.parametrize("beside", ["golden", "representative"])
def test_the_card_vouches_for_what_lies_beside(made, beside):
    told = made.card[beside]
    assert told["file"] in BESIDE
    assert told["sha256"] == sha256(made.folder / told["file"])


def test_the_card_says_what_is_in_the_graph_and_what_is_not(made):
    given = made.card["input"]
    assert "0-255" in made.card["in_the_graph"]
    assert any("temperature" in step for step in made.card["on_the_device"])
    assert given["size"] == 32


def test_every_file_carries_its_proof(made):
    for name, about in made.card["files"].items():
        proof = about["proof"]
        assert proof["agreement"] > 0.9, name
        assert proof["largest_difference"] >= proof["mean_difference"] >= 0
        assert proof["kl_largest"] >= proof["kl_mean"] >= 0
        assert proof["in_float"] == []
        assert sum(proof["operators"].values()) > 10
        for labels in ("original", "ferplus"):
            low, high = proof["accuracy_lost"][labels]["95%"]
            assert low <= proof["accuracy_lost"][labels]["lost"] <= high
    for name in ("tiny-float32.tflite", "tiny-float32.onnx"):
        assert made.card["files"][name]["proof"]["largest_difference"] < 1e-4


def test_the_noisiest_layers_are_named(made):
    told = made.card["layers"]
    assert told["files"] == ["tiny-layers.csv", "tiny-layers.png"]
    listed = (made.folder / "tiny-layers.csv").read_text()
    assert len(told["noisiest_db"]) == 3
    for layer, decibels in told["noisiest_db"].items():
        assert f"{layer},CONV_2D" in listed or f"{layer},DEPTHWISE" in listed or layer in listed
        assert decibels < 60


def test_anger_costs_each_other_class_something_or_nothing(made):
    point = made.card["operating_points"]["anger"]["recall 0.9"]["original"]
    by_class = point["fpr_by_class"]
    assert set(by_class) == set(EMOTIONS) - {"angry"}
    # as many faces of each class, so the mean over the classes is the rate over all
    assert point["fpr"] == pytest.approx(np.mean(list(by_class.values())))
    assert made.card["operating_points"]["file"] == "tiny-int8.tflite"


def test_int8_takes_pixels_less_128(made):
    model = interpreter(made.folder / "tiny-int8.tflite")
    given, told = model.get_input_details()[0], model.get_output_details()[0]
    assert given["shape"].tolist() == [1, 32, 32, 1]
    assert (given["dtype"], told["dtype"]) == (np.int8, np.int8)
    assert given["quantization"] == (1.0, -128)
    assert told["shape"].tolist() == [1, 7]


def test_no_float_is_left_in_int8(made):
    kinds = {t["dtype"] for t in interpreter(made.folder / "tiny-int8.tflite").get_tensor_details()}
    assert kinds <= {np.int8, np.int32}


def test_every_convolution_has_a_scale_a_channel(made):
    weights = {
        tensor["name"]: tensor["quantization_parameters"]["scales"]
        for tensor in interpreter(made.folder / "tiny-int8.tflite").get_tensor_details()
        if tensor["dtype"] == np.int8 and len(tensor["shape"]) == 4 and tensor["shape"][0] != 0
        if len(tensor["quantization_parameters"]["scales"]) != 1
    }
    # the stem, and of three blocks two expansions, three depthwise layers, three projections
    assert len(weights) == 9
    for name, scales in weights.items():
        assert len(set(scales.tolist())) > 1, name


def test_onnx_is_quantised_by_channel(made):
    graph = onnx.load(made.folder / "tiny-int8.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("QuantizeLinear") > 5
    assert kinds.count("DequantizeLinear") > kinds.count("QuantizeLinear")
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    dequantised = {
        node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"
    }
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 9
    for node in convolutions:
        source = dequantised[node.input[1]]
        weights, scales = constants[source.input[0]], constants[source.input[1]]
        assert weights.dtype == np.int8
        assert scales.shape == (weights.shape[0],)


@pytest.mark.parametrize("name", FILES)
def test_the_device_loads_each_file_by_its_card(made, splits, name):
    model = load_model(made.folder / name)
    assert model.labels == EMOTIONS
    faces = splits["PublicTest"]
    told = model.predict(list(faces.images))
    assert (told.argmax(axis=1) == faces.labels).mean() > 0.95
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)


def test_the_card_alone_is_enough(made):
    assert load_model(made.folder / "tiny.json").path.name == "tiny-int8.tflite"
    assert load_model(made.folder / "tiny.json", runtime="onnx").path.name == "tiny-int8.onnx"
    card = read_card(made.folder / "tiny.json")
    assert (card.input_size, card.source_size) == (32, 48)


def test_float_files_agree_with_keras(made, model, splits):
    faces = splits["PrivateTest"]
    expected = predict(model, faces.images)
    told = load_model(made.folder / "tiny-float32.tflite").logits(list(faces.images))
    np.testing.assert_allclose(told, expected, atol=1e-4)


@pytest.mark.parametrize("name", FILES)
def test_no_picture_makes_it_fall(made, name):
    model = load_model(made.folder / name)
    rng = np.random.default_rng(7)
    shapes = [(1, 1), (1, 500), (7, 3), (48, 48), (49, 49), (900, 20)]
    odd = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes * 5]
    flat = [np.full((48, 48), level, np.uint8) for level in (0, 1, 127, 254, 255)]
    told = model.predict([*odd, *flat])
    assert told.shape == (35, 7)
    assert np.isfinite(told).all()
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)


def test_a_file_that_was_changed_is_refused(made, tmp_path):
    for file in made.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "tiny-int8.tflite"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="sha256 differs"):
        load_model(path)


def test_the_card_says_how_well_it_does(made):
    for about in made.card["files"].values():
        for split in ("PublicTest", "PrivateTest"):
            for labels in ("original", "ferplus"):
                scores = about["metrics"][split][labels]
                assert scores["n"] == 84
                assert scores["accuracy"] > 0.95
    points = made.card["operating_points"]
    assert points["chosen_on"] == "PublicTest"
    assert list(points["anger"]) == ["recall 0.5", "recall 0.8", "recall 0.9"]
    assert 0 < points["anger"]["recall 0.8"]["ferplus"]["threshold"] < 1
    assert made.card["trained"] == {"recipe": "for tests"}
    assert {"keras", "numpy", "python"} <= made.card["made_with"].keys()
    json.dumps(made.card, allow_nan=False)
