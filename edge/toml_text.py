"""What tomllib leaves out: writing TOML, and on which line of a text a key stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def as_toml(values: Mapping[str, Any]) -> str:
    """Nested tables of text, numbers, booleans and lists as TOML that reads back to the same."""
    lines: list[str] = []
    _write_table(lines, "", values)
    return "\n".join(lines).strip() + "\n"


def _write_table(lines: list[str], name: str, table: Mapping[str, Any]) -> None:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if name and (plain or not table):
        lines += ["", f"[{name}]"]
    for key, value in plain.items():
        lines.append(f"{toml_key(key)} = {toml_value(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            _write_table(lines, f"{name}.{toml_key(key)}".lstrip("."), value)


def toml_key(key: str) -> str:
    """A key of a table, quoted where it must be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_value(key)


def toml_value(value: Any) -> str:
    """Text, a number, true or false, or a list or inline table of these."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, float):
        return repr(value)  # TOML's inf and nan are spelled like Python's, not like JSON's
    # JSON lets DEL stand as it is, TOML does not
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def key_lines(text: str) -> dict[str, int]:
    """By dotted key or table, the line of a TOML text that it stands on.

    tomllib keeps no line numbers. This finds keys at the start of a line, which is where people
    write them; a key it misses is reported with the line of its table.
    """
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = _undotted(header[1])
            found.setdefault(table, number)
        elif key := re.match(r"\s*([\w.\-\"' ]+?)\s*=", line):
            found.setdefault(".".join(filter(None, (table, _undotted(key[1])))), number)
    return found


def _undotted(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))
