"""What leaves the device: one small message, the same bytes at every try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["firing", "resolved", "test"]
Purpose = Literal["visitor", "operator"]
PURPOSES: tuple[Purpose, ...] = ("visitor", "operator")


@dataclass(frozen=True)
class Notification:
    """One thing to tell somebody.

    Attributes:
        id: Idempotency key: the same at each try, for each sink; nothing else ever has it.
        incident: What a firing and its resolve share.
        kind: `firing`, `resolved`, or a `test` that an operator asked for.
        purpose: `visitor`, for whoever works at the desk; `operator`, for whoever keeps the
            device alive (it cannot see, it sees again).
        device: Name of the service that tells it, `service.name`.
        rule: The rule's name; `camera` of an operator's alert.
        at: UTC, ISO 8601, when it happened by the device's clock.
        text: One sentence for a person. No picture, no identity.
        about: Figures: visitor, label, score, duration, reason...; numbers and short texts only.
    """

    id: str
    incident: str
    kind: Kind
    purpose: Purpose
    device: str
    rule: str
    at: str
    text: str
    about: Mapping[str, float | int | str] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line of JSON with the keys in the order of the attributes."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Notification:
        """Read `as_json` back.

        Raises:
            ValueError: it is not such a text.
        """
        values: Any = json.loads(text)
        try:
            read = cls(**values)
        except TypeError as error:
            raise ValueError(f"not a notification: {error}") from error
        texts = [value for name, value in values.items() if name != "about"]
        if not all(isinstance(one, str) for one in texts) or not isinstance(read.about, dict):
            raise ValueError("not a notification: its values are of other types")
        return read
