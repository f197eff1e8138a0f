"""The parts of a stage that need no accelerator of any kind: rates, averages, batches, the log."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError
from train.data import soft_targets
from train.distilled.schedule import learning_rate
from train.log import add_line

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from train.distilled import front  # noqa: E402
from train.distilled.average import EVERY, Average, copied  # noqa: E402
from train.distilled.batches import Batches  # noqa: E402
from train.distilled.checkpoint import Checkpoint, read  # noqa: E402
from train.distilled.course import groups  # noqa: E402
from train.distilled.losses import (  # noqa: E402
    Teaching,
    cross_entropy,
    student_loss,
    to_labels,
    to_teacher,
)
from train.distilled.mobilenet import FUSED, MOBILENETV2, MobileNet  # noqa: E402
from train.distilled.operations import Norm  # noqa: E402


@given(
    steps=st.integers(2, 300),
    warm=st.integers(0, 400),
    highest=st.floats(1e-5, 1.0),
    lowest=st.floats(0.0, 0.5),
)
def test_the_rate_climbs_then_falls(steps, warm, highest, lowest):
    rates = [learning_rate(step, steps, warm, highest, lowest) for step in range(steps)]
    assert all(0 < rate <= highest * (1 + 1e-9) for rate in rates)
    climb, fall = rates[:warm], rates[warm:]
    assert climb == sorted(climb)
    assert all(later <= one + 1e-12 for one, later in pairwise(fall))
    if fall:
        assert fall[0] == pytest.approx(highest)
        assert learning_rate(steps, steps, warm, highest, lowest) == pytest.approx(
            highest * lowest, abs=1e-12
        )


def test_an_average_follows_and_can_be_looked_at():
    network = torch.nn.Linear(2, 1)
    average = Average(network, 0.9)
    with torch.no_grad():
        network.weight.fill_(1.0)
    average.weights["weight"].zero_()
    average.follow(EVERY + 1)  # not one of those that are averaged
    assert float(average.weights["weight"].sum()) == 0
    for step in range(EVERY, 400 * EVERY, EVERY):
        average.follow(step)
    torch.testing.assert_close(average.weights["weight"], torch.ones(1, 2))
    average.weights["weight"].fill_(5.0)
    with average.in_place():
        assert bool((network.weight == 5).all())
    assert bool((network.weight == 1).all())


def test_only_kernels_decay():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Linear(2, 3))
    kernels, rest = groups(network, 0.5)
    assert [tuple(one.shape) for one in kernels["params"]] == [(2, 1, 3, 3), (3, 2)]
    assert (kernels["weight_decay"], rest["weight_decay"]) == (0.5, 0.0)
    assert len(rest["params"]) == 2


def batches(faces, share=0.0, seed=3, plain_from=9, glare_share=0.0):
    drawn = {"augment": 0.0, "seed": (seed, 0), "glare_share": glare_share}
    return Batches(faces, 16, (0.1, 0.0), share, plain_from, **drawn, name="student")


def test_an_epoch_follows_from_seed_and_number(splits):
    def told(seed, number):
        return [
            np.concatenate([batch.faces.numpy().ravel(), batch.targets[1].numpy().ravel()])
            for batch in batches(splits["Training"], 0.5, seed).epoch(number)
        ]

    first = told(3, 1)
    np.testing.assert_array_equal(first, told(3, 1))
    assert not np.array_equal(first, told(3, 2))
    assert not np.array_equal(first, told(4, 1))


def test_dropout_follows_from_the_epoch_too(splits):
    drawn = []
    for number in (1, 1, 2):
        next(iter(batches(splits["Training"]).epoch(number)))
        drawn.append(torch.rand(4))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_each_face_comes_once_with_its_own_targets(splits):
    training = splits["Training"]
    targets = {
        image.tobytes(): pair
        for image, *pair in zip(
            training.images,
            soft_targets(training, smoothing=0.1, labels="fer2013"),
            soft_targets(training, labels="ferplus"),
            strict=True,
        )
    }
    seen = set()
    for batch in batches(training).epoch(0):
        assert batch.faces.shape == (16, 1, 48, 48)
        assert batch.faces.is_contiguous(memory_format=torch.channels_last)
        for face, first, second in zip(batch.faces, *batch.targets, strict=True):
            key = face.numpy().astype(np.uint8).tobytes()
            np.testing.assert_allclose(first, targets[key][0], atol=1e-6)
            np.testing.assert_allclose(second, targets[key][1], atol=1e-6)
            seen.add(key)
    assert len(seen) == len(training) // 16 * 16


def test_a_pasted_part_shares_the_target_by_its_area(splits):
    """Black faces of one class, white ones of another: the grey is the target."""
    training = splits["Training"]
    labels = np.arange(len(training)) % 2
    images = np.repeat(np.uint8(255 * labels), 48 * 48).reshape(-1, 48, 48)
    plain = replace(training, images=images, labels=labels, votes=0 * training.votes)
    shares = []
    for batch in batches(plain, share=1.0).epoch(0):
        white = batch.faces.mean(dim=(1, 2, 3)) / 255
        torch.testing.assert_close(batch.targets[1][:, 1], white)
        shares += white.tolist()
    assert any(0.05 < share < 0.95 for share in shares)


def test_the_last_epochs_are_without_cutmix(splits):
    known = {image.tobytes() for image in splits["Training"].images}

    def whole(number):
        told = batches(splits["Training"], share=1.0, plain_from=2).epoch(number)
        faces = [face.numpy().astype(np.uint8) for batch in told for face in batch.faces]
        return all(face.tobytes() in known for face in faces)

    assert [whole(number) for number in range(4)] == [False, False, True, True]


def test_too_few_faces_for_a_batch_are_told(splits):
    with pytest.raises(DataError, match=r"9 Training faces do not fill.*--student-batch"):
        batches(splits["Training"][:9])


def test_the_teachers_own_answer_is_what_costs_least():
    right = torch.randn(5, 14, generator=torch.Generator().manual_seed(0))
    wrong = right + torch.randn(5, 14, generator=torch.Generator().manual_seed(1))
    for temperature in (1.0, 4.0):
        least = to_teacher(right, right, temperature)
        assert least < to_teacher(wrong, right, temperature)
        moved = right.clone().requires_grad_()
        to_teacher(moved, right, temperature).backward()
        torch.testing.assert_close(moved.grad, torch.zeros(5, 14), atol=1e-6, rtol=0)


def test_each_head_learns_its_own_targets(splits):
    batch = next(iter(batches(splits["Training"]).epoch(0)))
    sure = torch.cat([torch.log(one + 1e-6) for one in batch.targets], dim=1)
    turned = torch.cat([sure[:, 7:], sure[:, :7]], dim=1)
    entropy = sum(float(-(one * torch.log(one + 1e-6)).sum(1).mean()) for one in batch.targets)
    assert float(to_labels(sure, batch)) == pytest.approx(entropy, abs=1e-3)
    assert float(to_labels(turned, batch)) > entropy


class Sure(torch.nn.Module):
    """Says one class to every face, and counts how often it is asked."""

    def __init__(self, label):
        super().__init__()
        self.logits, self.asked, self.sizes = torch.zeros(14), 0, set()
        self.logits[[label, 7 + label]] = 20.0

    def forward(self, faces):
        self.asked += 1
        self.learning = self.training
        self.sizes.add(faces.shape[-1])
        return self.logits.expand(len(faces), 14)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.3, 20, 40), (1.0, 100, 100)])
@pytest.mark.usefixtures("resized")
def test_teachers_share_the_batches_and_each_sees_its_own_size(splits, share, least, most):
    teacher, predecessor, student = Sure(0), Sure(3), Sure(3)
    given = {"size": 64, "alpha": 1.0, "temperature": 1.0, "kernels": None}
    nobody = Sure(1)
    shares = ((predecessor, share, 32), (nobody, 0.0), (teacher, 1 - share))
    teachers = [Teaching(*one) for one in shares]
    loss = student_loss(student, teachers, **given)
    batch = next(iter(batches(splits["Training"]).epoch(0)))
    torch.manual_seed(0)
    told = [float(loss(batch)) for _ in range(100)]
    assert least <= predecessor.asked <= most
    assert teacher.asked + predecessor.asked == 100
    assert nobody.asked == 0
    assert student.learning
    assert not any(one.training for one in (teacher, predecessor))
    assert teacher.sizes <= {48}
    assert predecessor.sizes <= {32}
    assert student.sizes == {64}
    assert sum(one < 0.01 for one in told) == predecessor.asked  # who agrees with it costs nothing


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_a_heads_weight_is_its_share_of_the_loss(splits, weight):
    batch = next(iter(batches(splits["Training"]).epoch(0)))
    logits = torch.randn(16, 14, generator=torch.Generator().manual_seed(0))
    right = torch.randn(16, 14, generator=torch.Generator().manual_seed(1))
    expected = 2 * float(cross_entropy(logits[:, :7], batch.targets[0]))
    assert float(to_labels(logits, batch, 1.0)) == pytest.approx(expected, rel=1e-5)
    own = logits.clone()
    own[:, :7] = right[:, :7]  # to the first head's own answer nothing is nearer
    assert to_teacher(own, right, 2.0, 1.0) < to_teacher(logits, right, 2.0, 1.0)
    for of in (
        lambda share: float(to_labels(logits, batch, share)),
        lambda share: float(to_teacher(logits, right, 2.0, share)),
    ):
        first, both, second = of(1.0), of(0.5), of(0.0)
        assert first != pytest.approx(second, rel=1e-3)
        assert both == pytest.approx((first + second) / 2, rel=1e-5)
        assert of(weight) == pytest.approx(weight * first + (1 - weight) * second, rel=1e-5)


def test_who_looks_in_the_mirror_sees_the_face_turned_around(splits, seeing):
    faces = next(iter(batches(splits["Training"]).epoch(0))).faces
    for mirrored in (False, True):
        network = seeing()
        Teaching(network, 1.0, mirrored=mirrored).logits(faces)
        assert torch.equal(network.faces, faces.flip(3) if mirrored else faces)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 30, 70), (1.0, 96, 100)])
def test_glare_falls_on_its_share_of_the_faces(splits, share, least, most):
    plain = [batch.faces for batch in batches(splits["Training"]).epoch(0)]
    lit = [batch.faces for batch in batches(splits["Training"], glare_share=share).epoch(0)]
    before, after = torch.cat(plain), torch.cat(lit)
    assert bool((after >= before).all())
    assert float(after.max()) <= 255
    changed = (after != before).flatten(1).any(1).float().mean() * 100
    assert least <= float(changed) <= most


def settled(network, faces):
    """With the statistics of these faces, as if it had been trained on them."""
    for layer in network.modules():
        if isinstance(layer, Norm):
            layer._momentum = 1.0
    network(next(iter(batches(faces).epoch(0))).faces[..., :32, :32])
    return network


def test_new_first_blocks_learn_to_answer_as_trained_ones_do(monkeypatch, splits):
    monkeypatch.setattr(front, "Resize", lambda size: lambda faces: scaled(faces, (size, size)))
    scaled = torch.nn.functional.interpolate
    torch.manual_seed(0)
    other = settled(MobileNet(MOBILENETV2, 14, 0.0, None), splits["Training"])
    kept = copied(other)
    missed = []
    for steps in (4, 60):
        torch.manual_seed(1)
        student = MobileNet(FUSED, 14, 0.0, None)
        before = copied(student)
        given = (batches(splits["Training"]), 32, steps, None)
        missed.append(front.learn_front(student, other, *given))
        moved = {
            name.split(".")[0]
            for name, value in copied(student).items()
            if not torch.equal(value, before[name])
        }
        assert moved == {"stem", "stem_norm", "dense"}
    assert missed[1] < 0.7 * missed[0]
    assert missed[1] < 1  # which is missed by telling everything the mean
    for name, value in copied(other).items():
        assert torch.equal(value, kept[name]), name


def test_a_checkpoint_comes_back_or_is_refused(tmp_path):
    network = torch.nn.Linear(2, 1)
    weights = copied(network)
    path = tmp_path / "teacher" / "last.pt"
    Checkpoint("these", 3, weights, {"state": {}}, weights, 0.5, weights).save(path)
    told = read(path, "these")
    assert (told.epoch, told.best) == (3, 0.5)
    assert torch.equal(told.network["weight"], network.weight)
    with pytest.raises(DataError, match="was trained on other faces"):
        read(path, "others")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"last.pt: cannot be read \(.*\); take a new --run"):
        read(path, "these")


def test_the_log_has_one_line_an_epoch(tmp_path):
    path = tmp_path / "log.csv"
    for epoch, loss in ((1, 3.0), (2, 2.0), (3, 9.0), (3, 1.0)):  # the third was killed, run again
        add_line(path, epoch, {"loss": loss, "nothing": math.nan})
    with path.open(newline="") as file:
        told = [(row["epoch"], row["loss"]) for row in csv.DictReader(file)]
    assert told == [("1", "3"), ("2", "2"), ("3", "1")]
