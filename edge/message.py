"""Text that is fit to be shown: one line, nothing that drives a terminal, no passwords."""

from __future__ import annotations

import re

# Up to the last @, since people put @ and / into passwords without quoting them; and the query
# form that cameras without RTSP's own authentication use.
_AFTER_NAME = re.compile(r"(?<=://)([^/:\s]*):\S*@")
_AS_PARAMETER = re.compile(r"(?i)\b(pass|passwd|password|pwd)=[^&\s]*[^&\s:]")


def without_password(text: str) -> str:
    """The text with the password of each address in it masked: `rtsp://user:***@host/...`."""
    return _AS_PARAMETER.sub(r"\1=***", _AFTER_NAME.sub(r"\1:***@", text))


def one_line(text: str) -> str:
    """The text on one line, what cannot be printed escaped and passwords masked.

    Names of files and the words of a server come from outside, line feeds and all.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return without_password(shown)
