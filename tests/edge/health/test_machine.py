"""Which unit and which state belong to a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.health.machine import Instance, instance, of_machine, outbox


@pytest.mark.parametrize(
    ("config", "unit", "state"),
    [
        (None, "edge-run.service", "/var/lib/edge-run"),
        ("/etc/edge-run/config.toml", "edge-run.service", "/var/lib/edge-run"),
        ("/etc/edge-run/desk.toml", "edge-run@desk.service", "/var/lib/edge-run-desk"),
        ("/home/me/desk.toml", "edge-run.service", "/var/lib/edge-run"),
    ],
)
def test_an_instance_is_known_by_its_configuration(config, unit, state):
    assert instance(config and Path(config)) == Instance(unit, Path(state))


def test_the_outbox_is_the_services(tmp_path):
    there = Instance("edge-run@desk.service", tmp_path)
    assert outbox(there, "") == tmp_path / "outbox.sqlite3"
    assert outbox(there, "/other/o.db") == Path("/other/o.db")


def test_a_state_that_only_root_may_enter_is_there_all_the_same(tmp_path):
    """As systemd links it; followed, the link would be refused or seem to lead nowhere."""
    state = tmp_path / "edge-run"
    state.symlink_to("private/edge-run")
    assert outbox(Instance(state=state), "") == state / "outbox.sqlite3"


def test_each_check_has_a_name_of_its_own(tmp_path):
    names = [check.name for check in of_machine(Instance(state=tmp_path))]
    assert len(names) == len(set(names))
