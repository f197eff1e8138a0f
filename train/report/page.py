"""Templates to pages that hold all they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jinja2
from markdown_it import MarkdownIt

OWN = "train.report"


def render(template: str, values: Mapping[str, Any], package: str = OWN) -> str:
    """Fill a template of `package`, or of this one; what is put into it is escaped."""
    loaders = [jinja2.PackageLoader(name, "templates") for name in dict.fromkeys((package, OWN))]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def markdown_as_html(text: str) -> str:
    """Markdown with tables as HTML, to stand below a page's second heading.

    Any HTML in it is shown as text.
    """
    told: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    lower = re.sub(r"<(/?)h([1-4])>", lambda tag: f"<{tag[1]}h{int(tag[2]) + 2}>", told)
    return re.sub(
        r"<table>(.*?)</table>", r'<div class="wide"><table>\1</table></div>', lower, flags=re.S
    )
