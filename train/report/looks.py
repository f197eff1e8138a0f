"""From findings to pictures: faces, Grad-CAM, feature maps, and what is looked at for angry."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.metrics import ANGER
from train.report import charts, galleries, words
from train.report.anger import CalledAngry, even_shares
from train.report.attention import Group
from train.report.findings import Findings
from train.report.gradcam import activations, default_layers
from train.report.style import LABEL_NAMES, Picture, enlarged, overlay, png
from train.table import markdown_table


def faces(found: Findings) -> dict[str, Any]:
    """The galleries of right and wrong faces; empty where no face may be shown."""
    measured = found.measured
    if not found.options.with_faces:
        return {"right": [], "wrong": []}
    wrong = galleries.most_confident_wrong(measured)
    both = "ferplus" in measured.scores
    texts = {
        "by both": (
            "Most confident and wrong",
            "The label says otherwise, and no FER+ majority agrees with the network."
            if both
            else "The label says otherwise.",
        ),
        "by its label only": (
            "Wrong by the label, right by the annotators",
            "The FER+ majority agrees with the network against the label: more likely the label's "
            "mistake than the network's.",
        ),
    }
    return {
        "right": galleries.gallery(measured, galleries.most_confident_right(measured)),
        "wrong": [
            (*texts[key], galleries.gallery(measured, chosen)) for key, chosen in wrong.items()
        ],
    }


def network_view(found: Findings) -> dict[str, Any]:
    """Grad-CAM of each class and the feature maps of some layers."""
    measured, options, network = found.measured, found.options, found.subject.network
    told: dict[str, Any] = {"gradcam": [], "layers": [], "layers_of": ""}
    if found.cam:
        height, width, _ = found.cam.shape
        told["gradcam"] = galleries.class_attention(measured, found.cam, options.with_faces)
        told |= {"cam_layer": found.cam.layer, "cam_size": f"{width}x{height}"}
    face, of = galleries.example(measured, options.with_faces)
    if face is not None:
        told["layers_of"] = of
        told["layers"] = [
            galleries.feature_maps(name, activations(network, name, face), of)
            for name in options.layers or default_layers(network)
        ]
    return told


def angry(found: Findings) -> dict[str, Any] | None:
    """What the faces called angry have in common; None where there are none."""
    if found.angry is None:
        return None
    sets = [
        _angry_set(LABEL_NAMES[labels], groups["rightly"], groups["wrongly"])
        for labels, groups in found.angry.groups.items()
    ]
    return {
        "n": found.angry.n,
        "looked_at": found.angry.looked_at,
        "sets": sets,
        "patches": _patches(found.angry),
    }


def _patches(angry: CalledAngry) -> list[Picture]:
    """What covering each place costs, over the mean face; bright where it costs most."""
    groups = list(angry.groups.values())[-1]
    told = []
    for name, lost in angry.patches.items():
        face, before = groups[name].face, groups[name].covered["nothing"]
        if face is None:
            continue
        drawn = overlay(enlarged(face, 2 * galleries.SIDE), np.maximum(lost, 0))
        title = f"{name}: up to {lost.max():.2f} of {before:.2f} lost"
        told.append(png(drawn, f"Loss of the probability of anger by place, {title}", title))
    return told


def _angry_set(name: str, rightly: Group, wrongly: Group) -> dict[str, Any]:
    area = even_shares()
    groups = {
        f"rightly ({rightly.n})": rightly,
        f"wrongly ({wrongly.n})": wrongly,
    }
    shares = {key: one.shares for key, one in groups.items() if one.shares}
    rows = [
        [
            band,
            words.percent(area[band], 0),
            *(words.percent(one.shares.get(band), 0) for one in groups.values()),
            *(words.plain(one.covered.get(band), 2) for one in groups.values()),
        ]
        for band in area
    ]
    whole = [words.plain(one.covered.get("nothing"), 2) for one in groups.values()]
    rows.append(["nothing covered", "", "", "", *whole])
    head = ["part", "area", "attention, right", "wrong", "P(angry) covered, right", "wrong"]
    return {
        "name": name,
        "sentence": _angry_sentence(rightly, wrongly),
        "maps": [picture for key, one in groups.items() if (picture := _drawn(key, one))],
        "chart": charts.bands(shares, area) if shares else None,
        "rows": rows,
        "table_md": markdown_table(head, rows),
    }


def _drawn(title: str, one: Group) -> Picture | None:
    if one.face is None or one.attention is None:
        return None
    drawn = overlay(enlarged(one.face, 2 * galleries.SIDE), one.attention)
    return png(
        drawn, f"Mean Grad-CAM over the mean face of those {ANGER} was said of: {title}", title
    )


def _angry_sentence(rightly: Group, wrongly: Group) -> str:
    """Which parts matter, in words; the figures are in the table below it."""
    told = [f"{rightly.n} are called angry rightly, {wrongly.n} wrongly."]
    for name, one in (("rightly", rightly), ("wrongly", wrongly)):
        if not (one.shares and one.covered):
            continue
        drops = {
            band: one.covered["nothing"] - value
            for band, value in one.covered.items()
            if band != "nothing"
        }
        most = max(drops, key=lambda band: drops[band])
        told.append(
            f"Where {name}: brows {one.shares['brows']:.0%}, eyes {one.shares['eyes']:.0%}, mouth "
            f"{one.shares['mouth']:.0%} of the attention; covering the {most} takes most from the "
            f"verdict, {one.covered['nothing']:.2f} to {one.covered[most]:.2f}."
        )
    return " ".join(told)
