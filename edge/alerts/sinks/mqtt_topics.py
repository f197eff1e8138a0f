"""Which topics a device has, and names that every broker and Home Assistant take."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

_LONGEST = 48  # of an id, in characters; a broker's limit for a whole topic is far above


def slug(name: str) -> str:
    """`name` in letters, digits, `_` and `-`, as ids and levels of topics must be.

    A name that is already so is left as it is. Any other gets six digits of its hash, since
    'Desk 1' and 'Desk/1' are two devices.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:_LONGEST]
    if short == name and short:
        return short
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{short}-{digest}" if short else digest


@dataclass(frozen=True)
class Topics:
    """The topics of one device.

    Attributes:
        base: What they all start with, `edge-run`.
        id: The device's name as a slug.
    """

    base: str
    id: str

    @property
    def availability(self) -> str:
        """`online` or `offline`, retained; the broker itself says `offline` by the last will."""
        return f"{self.base}/{self.id}/availability"

    @property
    def event(self) -> str:
        """Each notification as JSON; never retained."""
        return f"{self.base}/{self.id}/event"

    @property
    def state(self) -> str:
        """How the device is, as JSON; not retained."""
        return f"{self.base}/{self.id}/state"

    @property
    def alerts(self) -> str:
        """Subscribes to the alert topics of all rules."""
        return f"{self.base}/{self.id}/alert/+"

    def alert(self, rule: str) -> str:
        """`ON` while an alert of this rule is raised, else `OFF`; retained."""
        return f"{self.base}/{self.id}/alert/{slug(rule)}"

    def discovery(self, prefix: str) -> str:
        """Where Home Assistant looks for what this device has."""
        return f"{prefix}/device/edge-run_{self.id}/config"
