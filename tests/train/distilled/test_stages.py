"""What the successor is begun with and taught by; `test_run.py` trains all stages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from train.distilled.recipe import DistilRecipe, StudentRecipe, SuccessorRecipe

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch.nn.functional import interpolate  # noqa: E402

from train.distilled import stages  # noqa: E402
from train.distilled.mobilenet import FUSED, MobileNet  # noqa: E402


@pytest.fixture
def run(splits, tmp_path):
    successor = SuccessorRecipe(
        batch=16,
        cutmix_share=0.0,
        input_size=48,
        fer2013_weight=0.7,
        predecessor_share=0.1,
        student_share=0.3,
        glare_share=1.0,
    )
    student = StudentRecipe(batch=16, cutmix_share=0.0)
    recipe = replace(DistilRecipe(), augment=0.0, student=student, successor=successor)
    return stages.Run(splits, recipe, tmp_path, None, print)


@pytest.mark.usefixtures("resized")
def test_a_successor_begins_as_the_student_and_three_teach_it(monkeypatch, run, seeing):
    kept = {}

    def teach(_, name, __, network, size, teachers, **named):
        kept.update(named, name=name, size=size, teachers=teachers)
        kept["begun"] = {key: value.clone() for key, value in network.state_dict().items()}
        kept["learns"] = all(one.requires_grad for one in network.parameters())
        named["chosen"]()

    monkeypatch.setattr(stages, "_teach", teach)
    student = MobileNet(FUSED, 14, 0.0, None).requires_grad_(False)
    for value in student.parameters():
        value.normal_(0, 0.1)
    teacher, predecessor, chosen = seeing(), seeing(), []
    successor = stages.taught_successor(run, teacher, predecessor, student, chosen.append)
    assert chosen == [successor]
    assert (kept["name"], kept["size"], kept["fer2013_weight"]) == ("successor", 48, 0.7)
    assert kept["learns"]
    for name, value in student.state_dict().items():
        assert torch.equal(kept["begun"][name], value), name

    assert [one.share for one in kept["teachers"]] == pytest.approx([0.6, 0.1, 0.3])
    faces = torch.arange(0, 240.0, 5).expand(2, 1, 48, 48)  # brighter to the right
    given = []
    student.register_forward_pre_hook(lambda _, inputs: given.extend(inputs))
    for one in kept["teachers"]:
        one.logits(faces)
    larger = interpolate(faces, (96, 96))
    assert torch.equal(teacher.faces, faces)
    assert torch.equal(predecessor.faces, larger)
    assert torch.equal(given[0], larger.flip(3))


def test_glare_is_the_successors_alone(run):
    plain, lit = (next(iter(run.batches(name, 0).epoch(0))) for name in ("student", "successor"))
    assert float(lit.faces.mean()) > 1.2 * float(plain.faces.mean())
