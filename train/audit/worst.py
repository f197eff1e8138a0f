"""The worst of each kind, in order: what a person should look at first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audit.findings import Findings

Faces = NDArray[np.int64]


@dataclass(frozen=True)
class Worst:
    """One kind of finding.

    Attributes:
        title: What it is.
        count: How many faces or pairs there are.
        faces: (k,) or (k, 2) int64, the worst of them, worst first; two where a face has a copy.
        why: (k,) what each one's figure is.
    """

    title: str
    count: int
    faces: Faces
    why: tuple[str, ...]


def worst(findings: Findings, limit: int) -> list[Worst]:
    """Up to `limit` of each kind that was found."""
    gallery, exposure = findings.gallery, findings.exposure
    votes, opinions = gallery.votes, findings.opinions
    own = votes[np.arange(len(gallery)), gallery.labels]
    against = np.where(opinions.differs, votes.max(axis=1) - own, 0)
    total = votes.sum(axis=1)
    unnamed = opinions.unnamed & ~exposure.is_blank
    dull, burnt = "{:.0%} one grey", "{:.0%} of the middle"
    kinds = [
        _ranked("blank or nearly constant", exposure.is_blank, exposure.plain, limit, dull),
        _ranked("no FER+ vote for an emotion", unnamed, -total, limit, "no vote"),
        _conflicts(findings, limit),
        _across(findings, limit),
        _ranked("label against FER+", opinions.differs, against, limit, "{:.0f} votes apart"),
        _ranked("burnt out", exposure.is_saturated, exposure.saturated, limit, burnt),
    ]
    if findings.missed is not None:
        unsure = np.where(opinions.asked, -total, -exposure.spread)
        missed = findings.missed & ~exposure.is_blank & ~opinions.unnamed
        kinds.append(_ranked("no face found by the cascade", missed, unsure, limit, "not found"))
    return [kind for kind in kinds if kind.count]


def _ranked(
    title: str, mask: NDArray[np.bool_], badness: NDArray[np.float32], limit: int, why: str
) -> Worst:
    found = np.flatnonzero(mask)
    chosen = found[np.argsort(-badness[found], kind="stable")][:limit]
    told = tuple(why.format(abs(float(value))) for value in badness[chosen])
    return Worst(title, len(found), chosen, told)


def _conflicts(findings: Findings, limit: int) -> Worst:
    """Copies with different labels, identical ones first, one pair of each group."""
    first, labels = findings.copies.first, findings.gallery.labels
    later = np.flatnonzero((first != np.arange(len(first))) & (labels != labels[first]))
    near = np.flatnonzero(np.diff(labels[findings.copies.pairs], axis=1)[:, 0] != 0)
    near = near[np.argsort(-findings.copies.correlation[near], kind="stable")]
    exact = np.stack([first[later], later], axis=1)
    pairs = np.concatenate([exact, findings.copies.pairs[near].astype(np.int64)])
    why = ["same pixels"] * len(later) + [_alike(findings, int(pair)) for pair in near]
    return _pairs(findings, "copies with different labels", pairs, why, limit)


def _across(findings: Findings, limit: int) -> Worst:
    """Near copies in two splits, the least alike first, so that the threshold can be judged."""
    copies = findings.copies
    apart = np.diff(findings.gallery.split[copies.pairs], axis=1)[:, 0] != 0
    found = np.flatnonzero(apart)
    found = found[np.argsort(copies.correlation[found], kind="stable")]
    why = [_alike(findings, int(pair)) for pair in found]
    title = "near copies across splits, least alike first"
    return _pairs(findings, title, copies.pairs[found].astype(np.int64), why, limit)


def _pairs(findings: Findings, title: str, pairs: Faces, why: list[str], limit: int) -> Worst:
    group = findings.copies.groups()[pairs[:, 0]]
    order = np.sort(np.unique(group, return_index=True)[1])[:limit]
    return Worst(title, len(pairs), pairs[order], tuple(why[i] for i in order))


def _alike(findings: Findings, pair: int) -> str:
    turned = " mirrored" if findings.copies.mirrored[pair] else ""
    return f"alike {findings.copies.correlation[pair]:.2f}{turned}"
