"""Which rules have an alert raised, as far as the other side was told."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from edge.alerts.notification import Notification, Purpose

# A report is made a moment before it arrives here, so one alone may be older than an alert.
QUIET_REPORTS = 2


class AlertStates:
    """Raised incidents by rule, from the notifications that were accepted.

    A resolve that never comes (it expired while the broker was away for days) would leave an alert
    raised for ever; two reports in a row that nothing fires lower it.
    """

    def __init__(self) -> None:
        self._raised: dict[str, dict[str, int]] = {}
        self._purposes: dict[str, Purpose] = {}

    @property
    def rules(self) -> list[str]:
        """The rules heard of, sorted."""
        return sorted(self._raised)

    def know(self, rules: Iterable[str]) -> bool:
        """Hear of rules that have not raised anything yet; whether any of them is new."""
        new = [rule for rule in rules if rule not in self._raised]
        self._raised.update({rule: {} for rule in new})
        return bool(new)

    def accept(self, notification: Notification) -> bool:
        """Take what was accepted; whether its rule is new. A test raises nothing."""
        if notification.kind == "test":
            return False
        new = self.know([notification.rule])
        self._purposes[notification.rule] = notification.purpose
        incidents = self._raised[notification.rule]
        if notification.kind == "firing":
            incidents[notification.incident] = 0
        else:
            incidents.pop(notification.incident, None)
        return new

    def is_raised(self, rule: str) -> bool:
        """Whether any incident of this rule is."""
        return bool(self._raised.get(rule))

    def report(self, quiet: Collection[Purpose]) -> None:
        """Take a report in which nothing fires for these purposes."""
        for rule, incidents in self._raised.items():
            calm = self._purposes.get(rule) in quiet
            counted = {incident: seen + 1 if calm else 0 for incident, seen in incidents.items()}
            self._raised[rule] = {
                incident: seen for incident, seen in counted.items() if seen < QUIET_REPORTS
            }
