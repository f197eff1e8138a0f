"""The audit as Markdown whose columns line up, so that a terminal shows it as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Told = dict[str, Any]
SHOWN = 3  # names of each kind; the JSON has more
EFFECT = ("all", "without", "leaked_alone")


def markdown(told: Told) -> str:
    """Write the figures of an `Audit`, as a dictionary, as text."""
    parts = [
        "# Data audit",
        _overview(told),
        _files(told),
        "## Copies",
        _copies(told),
        _leak(told),
        _effect(told),
        "## Classes",
        _classes(told),
    ]
    if told["ferplus"]:
        parts += ["## Labels (rows) and the strict FER+ majority (columns)", _disagreement(told)]
    parts += ["## What --fix drops", _dropped(told)]
    if told["examples"]:
        parts += ["## Look at", _examples(told)]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    cells = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(4, *map(len, column)) for column in zip(*cells, strict=True)]
    first, *others = widths
    line = "| " + " | ".join(["-" * first, *("-" * (width - 1) + ":" for width in others)]) + " |"
    texts = [
        "| " + " | ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]) + " |"
        for row in cells
    ]
    return "\n".join([texts[0], line, *texts[1:]])


def percent(count: int, total: int) -> str:
    """A share with one decimal; "-" of nothing."""
    return f"{count / total:.1%}" if total else "-"


def _overview(told: Told) -> str:
    faces, ferplus = told["faces"], told["ferplus"]
    rows = [
        ("blank or nearly constant", told["blank"]),
        ("burnt out", told["saturated"]),
    ]
    if told["no_face_found"] is not None:
        rows.append(("no face found by the cascade", told["no_face_found"]))
    if ferplus:
        rows += [
            ("no FER+ vote for an emotion", ferplus["unnamed"]),
            ("less than half of the votes for one", ferplus["doubtful"]),
            ("strict FER+ majority", ferplus["majority"]),
            ("- which differs from the label", ferplus["differs"]),
        ]
    rows.append(("copy in Training, other label", told["copies"]["conflicting"]))
    lines = [["faces", *(f"{n:,}" for n in faces.values())]]
    for name, counts in rows:
        # of the faces with a majority, not of all
        base = ferplus["majority"] if name.startswith("-") else faces
        lines.append([name, *(_with_share(counts[split], base[split]) for split in faces)])
    return table(["", *faces], lines)


def _with_share(count: int, total: int) -> str:
    return f"{count:,} ({percent(count, total)})" if count else "0"


def _files(told: Told) -> str:
    files = told["files"]
    if not files["checked"]:
        return ""
    return (
        f"Of {files['checked']:,} picture files {files['unreadable']:,} cannot be read, "
        f"{files['not_square']:,} are not square and {files['small']:,} are smaller than 48 pixels."
    )


def _copies(told: Told) -> str:
    copies, splits = told["copies"], list(told["faces"])
    columns = [(kind, other) for kind in ("exact", "near") for other in splits]
    rows = [
        [split, *(f"{copies[kind][split][other]:,}" for kind, other in columns)] for split in splits
    ]
    head = ["faces with a copy", *(f"{kind}, {other}" for kind, other in columns)]
    said = (
        f"{copies['pairs']:,} pairs are near copies, {copies['mirrored']:,} of them mirrored; "
        f"{copies['groups']:,} groups of copies, the largest of {copies['largest']:,} faces."
    )
    return f"{table(head, rows)}\n\n{said}"


def _leak(told: Told) -> str:
    lines = []
    for split, leak in told["leak"].items():
        total = told["faces"][split]
        lines.append(
            f"{split}: {leak['any']:,} of {total:,} faces ({percent(leak['any'], total)}) have a "
            f"copy in Training, {leak['exact']:,} an exact one, {leak['near']:,} a near one; "
            f"{leak['conflicting']:,} of them with another label."
        )
    return "\n".join(f"- {line}" for line in lines)


def _effect(told: Told) -> str:
    if not told["effect"]:
        return ""
    named = {"original": "label", "ferplus": "FER+ majority"}
    rows = [
        [split, named[labels], f"{one['faces']:,}", f"{one['leaked']:,}"]
        + ["-" if one[key] is None else f"{one[key]:.2%}" for key in EFFECT]
        for split in told["leak"]
        for labels, one in told["effect"][split].items()
    ]
    head = ["accuracy", "against", "faces", "leaked", "all", "without leaked", "leaked alone"]
    return f"{told['effect']['model']}:\n\n" + table(head, rows)


def _classes(told: Told) -> str:
    rows = [
        [name, *(_with_share(n[name], sum(n.values())) for n in told["labels"].values())]
        for name in told["classes"]
    ]
    ratio = told["imbalance"]
    said = (
        f"The largest class of Training has {ratio:g} times as many faces as the smallest."
        if ratio
        else "A class has no faces in Training."
    )
    return table(["", *told["labels"]], rows) + "\n\n" + said


def _disagreement(told: Told) -> str:
    rows = []
    for index, counts in enumerate(told["ferplus"]["table"]):
        differs = sum(counts) - counts[index]
        share = percent(differs, sum(counts))
        rows.append([told["classes"][index], *(f"{n:,}" for n in counts), share])
    return table(["", *told["classes"], "differ"], rows)


def _dropped(told: Told) -> str:
    splits = list(told["faces"])
    rows = [
        [reason, *(f"{counts[split]:,}" for split in splits)]
        for reason, counts in told["dropped"].items()
    ]
    kept = [
        f"{told['faces'][split] - sum(c[split] for c in told['dropped'].values()):,}"
        for split in splits
    ]
    return table(["", *splits], [*rows, ["kept", *kept]])


def _examples(told: Told) -> str:
    return "\n".join(
        f"- {kind}: {'; '.join(names[:SHOWN])}{'; ...' if len(names) > SHOWN else ''}"
        for kind, names in told["examples"].items()
    )
