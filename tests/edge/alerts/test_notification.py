import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.notification import Notification

TEXT = st.text(max_size=40)
FIGURES = st.dictionaries(
    TEXT, st.one_of(st.integers(), st.floats(allow_nan=False), TEXT), max_size=4
)
NOTIFICATIONS = st.builds(
    Notification,
    id=TEXT,
    incident=TEXT,
    kind=st.sampled_from(["firing", "resolved", "test"]),
    purpose=st.sampled_from(["visitor", "operator"]),
    device=TEXT,
    rule=TEXT,
    at=TEXT,
    text=TEXT,
    about=FIGURES,
)


@given(NOTIFICATIONS)
def test_it_reads_back_as_it_was_written_and_to_the_same_bytes(notification: Notification) -> None:
    text = notification.as_json()
    again = Notification.from_json(text)
    assert again == notification
    assert again.as_json() == text
    assert "\n" not in text
    assert list(json.loads(text)) == [
        *("id", "incident", "kind", "purpose", "device", "rule", "at", "text", "about")
    ]


FITS = dict.fromkeys(("id", "incident", "kind", "purpose", "device", "rule", "at"), "x")
OTHER_TYPES = [
    json.dumps({**FITS, "text": "x", "about": None}),
    json.dumps({**FITS, "text": 3, "about": {}}),
]


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"id": 1}', "1", '{"x": "y"}', "{", *OTHER_TYPES]
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Notification.from_json(text)
