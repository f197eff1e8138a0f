"""What is shipped for Prometheus, Grafana and Home Assistant fits what the devices say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge import __version__
from edge.alerts.notification import Notification
from edge.alerts.sinks.discovery import device_payload
from edge.alerts.sinks.mqtt_topics import Topics
from edge.health.board import Board, Throttled
from edge.health.metrics import Metrics
from edge.report import report
from edge.status import SinkStatus, Status

FLEET = Path(__file__).parents[2] / "systemd" / "fleet"
STATUS = Status(frame_age=0.1, alerts={"anger": 1}, sinks={"home": SinkStatus()})
BOARD = Board(under_voltage=False, throttled=Throttled(), temperature=50.0)
# what Prometheus itself adds
OWN = {"up"}


@pytest.fixture(scope="module")
def exposed() -> dict[str, set[str]]:
    """Each metric of a device with the labels that it has."""
    text = Metrics(lambda: STATUS, lambda: BOARD).text().decode()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {one.name: set(one.labels) | {"instance", "job"} for one in samples}


def expressions() -> list[str]:
    groups = yaml.safe_load((FLEET / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    targets = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return rules + targets


def dashboard() -> dict[str, Any]:
    made = json.loads((FLEET / "grafana-dashboard.json").read_text(encoding="utf-8"))
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_that_is_asked_for_is_exposed(
    expression: str, exposed: dict[str, set[str]]
) -> None:
    names = set(re.findall(r"\b(?:edge_run_\w+|up)\b", expression.replace('"edge-run"', "")))
    assert names
    assert names <= exposed.keys() | OWN


def test_every_label_that_is_named_is_exposed(exposed: dict[str, set[str]]) -> None:
    every = set().union(*exposed.values())
    rules = yaml.safe_load((FLEET / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    for rule in rules:
        (metric,) = re.findall(r"\b(?:edge_run_\w+|up)\b", rule["expr"].replace('"edge-run"', ""))
        told = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert told <= exposed.get(metric, {"instance", "job"})
    legends = [t["legendFormat"] for p in dashboard()["panels"] for t in p["targets"]]
    assert set(re.findall(r"\{\{(\w+)\}\}", "".join(legends))) <= every


def test_what_keeps_a_device_alive_is_watched() -> None:
    rules = "\n".join(expressions())
    for metric in ("blind == 1", "frame_age_seconds > 60", "deliveries_pending > 0", "under_volt"):
        assert f"edge_run_{metric}" in rules


def test_prometheus_scrapes_where_the_devices_listen() -> None:
    read = yaml.safe_load((FLEET / "prometheus.yml").read_text(encoding="utf-8"))
    assert read["rule_files"] == ["alerts.yml"]
    (job,) = read["scrape_configs"]
    assert job["job_name"] == "edge-run"  # as the rules and the dashboard call it
    assert len(job["static_configs"][0]["targets"]) == 3
    assert all(target.endswith(":9464") for target in job["static_configs"][0]["targets"])


def test_the_dashboard_can_be_imported_anywhere() -> None:
    made = dashboard()
    variables = {one["name"]: one for one in made["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert "id" not in made
    panels = made["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source["uid"] == "${datasource}" for source in sources)


def test_no_two_panels_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def payload() -> dict[str, Any]:
    return device_payload("desk", Topics("edge-run", "desk"), ["anger", "camera"], 180)


def test_the_shipped_discovery_message_is_what_the_code_makes() -> None:
    shipped = json.loads((FLEET / "home-assistant-discovery.json").read_text(encoding="utf-8"))
    shipped["dev"]["sw"] = shipped["o"]["sw"] = __version__
    assert shipped == payload()


def test_home_assistant_shows_what_is_reported() -> None:
    reported = report(STATUS, BOARD)
    shown = {key for key, about in payload()["cmps"].items() if "entity_category" in about}
    assert shown <= reported.keys()
    assert {"firing", "alerts.anger"} <= reported.keys()  # what lowers and makes switches


def test_the_automations_name_entities_that_there_are() -> None:
    text = (FLEET / "home-assistant.yaml").read_text(encoding="utf-8")
    automations = yaml.safe_load(text)["automation"]
    names = {
        f"{about['p']}.desk_{re.sub('[^a-z0-9]+', '_', about['name'].lower())}"
        for about in payload()["cmps"].values()
    }
    asked = set(re.findall(r"\b(?:event|sensor|binary_sensor)\.desk_\w+", text))
    assert asked
    assert asked <= names
    assert len({one["id"] for one in automations}) == len(automations)
    attributes = set(re.findall(r"attributes\.(\w+)", text))
    told = Notification("1", "1", "test", "visitor", "desk", "anger", "now", "a sentence")
    assert attributes <= json.loads(told.as_json()).keys() | {"event_type"}
