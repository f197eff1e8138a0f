"""A configuration as a file that explains itself; systemd/config.toml is that of the defaults.

Comments come from the docstrings of the tables' dataclasses, so that there is one place to write
them. A key at its default is commented out: an upgrade that brings a better default then reaches
devices whose file is years old.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import MISSING, fields
from textwrap import wrap
from typing import Any

from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config.limits import bounds_of, choices_of, number
from edge.config.secret import masked_table
from edge.config.sections import Config, tables
from edge.toml_text import toml_key, toml_value

WIDTH = 98

HEAD = """\
# What edge-run watches, and whom it tells. On a device this is /etc/edge-run/config.toml.
#
# Every key stands here with its default, commented out: take the # away and change the value.
# Then look whether it is good, and let it take effect:
#   sudo edge-run --config /etc/edge-run/config.toml --check-config
#   sudo systemctl restart edge-run
"""

SINKS = """\
# Whom to tell: one table for each, under a name of your own such as [sinks.desk]. Below is one of
# each type; take the # away from the lines that you need.
#
# No password needs to stand in this file: write "credential:NAME" for what stands in
# /etc/edge-run/credentials/NAME, which only root can read, or "file:/path" for another file.
# Then send a test:  sudo edge-run --config /etc/edge-run/config.toml alerts test NAME
"""

# What must be said for a sink of each type to have somewhere to send to.
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "webhook": {"url": "https://desk.example.org/alerts"},
    "mqtt": {"host": "broker.example.org"},
    "gpio": {"pin": 17},
    "command": {"command": ("/usr/local/bin/tell-the-desk", "--loud")},
    "jsonl": {"path": "/var/lib/edge-run/alerts.jsonl"},
    "apprise": {"urls": ("credential:mail",)},
}


def commented(config: Config) -> str:
    """The configuration as TOML with comments, secrets masked; reads back to the same."""
    blocks = [HEAD]
    for section in fields(config):
        if section.name == "sinks":
            blocks.append(SINKS)
            blocks += map(sink_example, KINDS)
        # written even where nothing is in it, since no rules is not the default
        if section.name == "rules" and not config.rules:
            blocks.append("[rules]\n")
        for name, table in tables(config):
            if name.partition(".")[0] == section.name:
                blocks.append(_block(name, type(table), masked_table(table)))
    return "\n".join(blocks)


def sink_example(kind: str) -> str:
    """A table for a sink of that type, all of it commented out by a `#` without a space."""
    config = KINDS[kind].config
    told = _defaults(config) | {"type": kind, **EXAMPLES.get(kind, {})}
    common = [key.name for key in fields(SinkConfig)]
    own = [key.name for key in fields(config) if key.name not in common]
    values = {key: told[key] for key in ("type", *own, *common)}
    explained = kind == next(iter(KINDS))  # what all have is explained once
    lines = _block(f"sinks.{kind}", config, values, () if explained else common).splitlines()
    return "".join(f"{line if not line or line[0] == '#' else '#' + line}\n" for line in lines)


def documented(kind: type) -> tuple[str, dict[str, str]]:
    """What a dataclass's docstring says: its first line, and for each key what it is."""
    keys: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__[:-1]):
        text = inspect.cleandoc(ancestor.__doc__ or "")
        for names, sentence in _entries(text.partition("\nAttributes:\n")[2]):
            keys |= dict.fromkeys(re.split(r",\s*", names), sentence)
    return inspect.cleandoc(kind.__doc__ or "").partition("\n")[0], keys


def _entries(text: str) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"(?m)^ {4}(?=\w)", text.partition("\n\n")[0])[1:]:
        names, _, sentence = entry.partition(":")
        yield names, " ".join(sentence.split())


def _block(name: str, kind: type, values: Mapping[str, Any], known: Container[str] = ()) -> str:
    """One table: its header, and for each key a comment, unless `known`, and its value."""
    first, sentences = documented(kind)
    defaults = _defaults(kind)
    header = ".".join(map(toml_key, name.split(".")))
    lines = [*_comment(first), f"[{header}]"]
    told = ""
    for key, value in values.items():
        sentence = sentences.get(key, "")
        if key != "type" and key not in known and sentence != told:
            lines += _comment(sentence)
            told = sentence
        out = "#" if key != "type" and key in defaults and value == defaults[key] else ""
        lines.append(f"{out}{key} = {toml_value(value)}{_allowed(kind, key)}")
    return "\n".join(lines) + "\n"


def _defaults(kind: Any) -> dict[str, Any]:
    found = {}
    for key in fields(kind):
        if key.default is not MISSING:
            found[key.name] = key.default
        elif key.default_factory is not MISSING:
            found[key.name] = key.default_factory()
    return found


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH - 2, break_on_hyphens=False)]


def _allowed(kind: type, key: str) -> str:
    """What the value may be, as a comment behind it."""
    if choices := choices_of(kind).get(key):
        return "  # " + ", ".join(choice or '""' for choice in choices)
    if bounds := bounds_of(kind).get(key):
        return f"  # {number(bounds[0])} to {number(bounds[1])}"
    return ""
