"""Pipeline and rules as others see them."""

from __future__ import annotations

import threading

from edge.alerts.rule import Firing, Rule, RuleConfig
from edge.camera.demo import DemoCamera
from edge.config import Config
from edge.vision.card import DEFAULT_CARD
from edge.vision.expression import load_model
from edge.watch import Watch


def test_how_many_fire_is_asked_of_no_rule_that_is_at_work_on_another_thread(monkeypatch) -> None:
    owner = threading.get_ident()

    class Owned(Rule):
        """Its visitors come and go while it works."""

        @property
        def firing(self):
            assert threading.get_ident() == owner
            return super().firing

    monkeypatch.setattr("edge.watch.Rule", Owned)
    eager = RuleConfig(seconds=0.5, on=0.05, off=0.01)
    watch = Watch(Config(rules={"anger": eager}), load_model(DEFAULT_CARD))
    play, raised = DemoCamera("angry?pace=off"), False
    while not raised:
        raised = any(isinstance(event, Firing) for event in watch.look(play.read())[1])
    found: list[int] = []
    other = threading.Thread(target=lambda: found.append(watch.firing))
    other.start()
    other.join()
    watch.close()
    assert (found, watch.firing) == ([1], 0)
