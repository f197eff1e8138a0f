"""What is done with each frame, whoever reads the camera: pipeline, rules, counts."""

from __future__ import annotations

import time
from collections import Counter
from itertools import count

from edge.alerts.rule import Event, Firing, Reason, Rule
from edge.camera.base import Frame
from edge.config import Config
from edge.errors import ConfigError
from edge.pipeline import Observation, Pipeline
from edge.show import Summary
from edge.tally import Tally
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.track import Tracker


class Watch:
    """The pipeline and the rules of one camera.

    Args:
        config: What to watch for and how.
        model: Reads the faces; it must know what the rules watch for, see `check_rules`.

    Attributes:
        tally: Counts.
        firing: Alerts that are raised and not yet resolved, after the last frame. Like `raised` and
            `held_back` it may be read from any thread.
    """

    def __init__(self, config: Config, model: ExpressionModel) -> None:
        numbers = count(1)
        self._rules = [Rule(name, rule, numbers) for name, rule in config.rules.items()]
        self._pipeline = Pipeline(
            Detector(config.detection), model, Tracker(config.tracking), config.expression
        )
        self.tally = Tally()
        self._raised = Counter(dict.fromkeys(config.rules, 0))
        self.firing = 0

    def look(self, frame: Frame) -> tuple[Observation, list[Event]]:
        """Look at one frame; what it showed, and what the rules make of it."""
        start = time.perf_counter()
        observation = self._pipeline.step(frame)
        evidence = observation.evidence
        events = [event for rule in self._rules for event in rule.step(frame.timestamp, evidence)]
        self.tally.frame(observation, time.perf_counter() - start)
        for event in events:
            if isinstance(event, Firing):
                self.tally.alerts += 1
                self._raised[event.rule] += 1
        self._count()
        return observation, events

    def close(self, reason: Reason = "ended") -> list[Event]:
        """Resolve what is firing, at the time of the last frame; nothing is known of later."""
        events = [event for rule in self._rules for event in rule.close(self.tally.last, reason)]
        self._count()
        return events

    @property
    def raised(self) -> dict[str, int]:
        """Alerts raised so far, by rule; of those that have raised none, too."""
        return dict(self._raised)

    @property
    def held_back(self) -> int:
        """Alerts that the cap held back and no alert has told of yet."""
        return sum(rule.held_back for rule in self._rules)

    def _count(self) -> None:
        self.firing = sum(len(rule.firing) for rule in self._rules)

    def summary(self) -> Summary:
        """The run so far in figures."""
        return self.tally.summary(self.held_back)


def load_configured(config: Config) -> ExpressionModel:
    """Load the model that the configuration names."""
    wanted = config.model
    return load_model(wanted.chosen, wanted.threads, wanted.runtime or None)


def check_rules(config: Config, model: ExpressionModel) -> None:
    """Refuse a rule that this model can never answer.

    Raises:
        ConfigError: a rule names a label that the model does not have; the message lists those it
            has, and how a rule is given one of them.
    """
    for name, rule in config.rules.items():
        missing = [label for label in rule.watched if label not in model.labels]
        if missing:
            # what comes closest to what a desk wants to be told of
            known = next(one for one in ("angry", "negative", "sad") if one in model.labels)
            way = (
                f"[rules.{name}.weights] {known} = 1.0 in place of its weights"
                if rule.weights
                else f'[rules.{name}] emotion = "{known}", or --set rules.{name}.emotion={known}'
            )
            raise ConfigError(
                f"rules.{name} watches for {', '.join(missing)}, but {model.path.name} knows only "
                f"{', '.join(model.labels)}; write the rule for one of these, e.g. {way}"
            )
