"""The proof of a conversion as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.table import markdown_table

HEAD = (
    "file",
    "KiB",
    "logits differ by",
    "same label",
    "mean KL",
    "accuracy lost, original (95%)",
    "FER+ majority (95%)",
    "in float",
)


def proof_table(card: Mapping[str, Any]) -> str:
    """A Markdown table of each file's `proof`: the distance from the float model on PublicTest.

    Losses are in points; less than 0 is a gain.
    """
    return markdown_table(HEAD, (_cells(file, about) for file, about in card["files"].items()))


def _cells(file: str, about: Mapping[str, Any]) -> list[str]:
    proof = about["proof"]
    lost = proof["accuracy_lost"]
    in_float = len(proof["in_float"]) if about["precision"] == "int8" else "all"
    return [
        file,
        f"{about['bytes'] / 1024:,.0f}",
        f"{proof['largest_difference']:.2g}",
        f"{proof['agreement']:.2%}",
        f"{proof['kl_mean']:.2g}",
        *(_loss(lost[labels]) if labels in lost else "" for labels in ("original", "ferplus")),
        str(in_float),
    ]


def _loss(one: Mapping[str, Any]) -> str:
    low, high = one["95%"]
    return f"{100 * one['lost']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
