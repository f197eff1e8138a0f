import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks.mqtt_topics import Topics, slug

SAFE = re.compile(r"[A-Za-z0-9_-]+")
names = st.text(st.characters(), max_size=300)


@given(names)
def test_any_name_gives_an_id_that_home_assistant_takes(name: str) -> None:
    assert SAFE.fullmatch(slug(name))
    assert len(slug(name)) <= 64


@given(names, names)
def test_two_names_have_two_ids(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)


@pytest.mark.parametrize("name", ["desk", "Desk-1", "front_desk", "a" * 48])
def test_a_plain_name_is_its_own_id(name: str) -> None:
    assert slug(name) == name


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Desk 1", "Desk-1-"),
        ("Empfang Müller", "Empfang-Muller-"),
        ("a/b+c#d", "a-b-c-d-"),
        ("", ""),
        ("受付", ""),
    ],
)
def test_another_keeps_what_can_be_read_of_it(name: str, begins: str) -> None:
    assert re.fullmatch(rf"{begins}[0-9a-f]{{6}}", slug(name))


@given(names, names)
def test_no_name_adds_a_level_or_a_wildcard(device: str, rule: str) -> None:
    topics = Topics("edge-run", slug(device))
    assert topics.alert(rule).count("/") == 3
    every = (topics.alert(rule), topics.event, topics.state, topics.availability)
    for topic in (*every, topics.discovery("homeassistant")):
        assert not set(topic) & set("+#\0 ")


def test_the_topics_of_a_desk() -> None:
    topics = Topics("shop/edge-run", "desk")
    assert topics.event == "shop/edge-run/desk/event"
    assert topics.alerts == "shop/edge-run/desk/alert/+"
    assert topics.discovery("ha") == "ha/device/edge-run_desk/config"
