"""`edge-run doctor` as a person runs it: what it prints, how it ends, and never a traceback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge import doctor_cli
from edge.doctor_cli import main

ROOT = Path(doctor_cli.__file__).parents[1]
GOOD = """
[camera]
source = "demo:?pace=off"
[health]
listen = ""
[outbox]
path = "{folder}/outbox.sqlite3"
[sinks.lamp]
type = "command"
command = ["sh", "-c", "exit 0"]
"""


@pytest.fixture(autouse=True)
def _nothing_installed(tmp_path, monkeypatch):
    """This machine may have a service of its own."""
    monkeypatch.setattr(doctor_cli, "INSTALLED", tmp_path / "etc" / "config.toml")
    monkeypatch.setattr(doctor_cli, "CREDENTIALS", tmp_path / "etc" / "credentials")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(GOOD.format(folder=tmp_path))
    return path


def findings(capsys) -> dict[str, dict]:
    lines = capsys.readouterr().out.splitlines()
    return {one["check"]: one for one in map(json.loads, lines)}


def test_json_is_one_object_a_finding(config, capsys):
    main(["--config", str(config), "--json"])
    found = findings(capsys)
    assert found["configuration"]["verdict"] == "ok"
    assert found["camera"]["verdict"] == "ok"
    assert found["sink lamp"]["verdict"] == "ok"
    assert all(set(one) == {"check", "verdict", "told", "advice"} for one in found.values())


def test_people_get_a_table_and_a_summary(config, capsys):
    main(["--config", str(config)])
    told = capsys.readouterr()
    assert told.err == ""
    *_, blank, summary = told.out.splitlines()
    assert blank == ""
    assert " ok" in summary
    starts = {line[:10].strip() for line in told.out.splitlines()[:-2]}
    assert starts <= {"ok", "warning", "FAILED", "unknown", ""}


def test_a_failed_check_is_exit_69_with_what_to_do(config, capsys):
    assert main(["--config", str(config), "--set", "camera.source=99", "--json"]) == 69
    assert findings(capsys)["camera"]["advice"]


def test_every_failure_says_what_to_do(config, capsys):
    wrong = ["camera.source=none.mp4", "model.path=none.json", "health.listen=0.0.0.0:1"]
    wrong += ["sinks.lamp.command=[]", "sinks.hook.type=webhook", "rules.anger.emotion=negative"]
    options = [part for pair in wrong for part in ("--set", pair)]
    assert main(["--config", str(config), "--json", *options]) == 69
    failed = {name: one for name, one in findings(capsys).items() if one["verdict"] == "failed"}
    assert {"camera", "model", "health port", "sink hook", "sink lamp"} <= set(failed)
    assert all(one["advice"] for one in failed.values())


@pytest.mark.parametrize("text", ["[camera", "[camera]\nsauce = 1", "\0", "[sinks.x]\ntype = 'y'"])
def test_a_broken_configuration_still_has_the_machine_looked_at(tmp_path, capsys, text):
    path = tmp_path / "broken.toml"
    path.write_text(text)
    assert main(["--config", str(path), "--json"]) == 69
    found = findings(capsys)
    assert found["configuration"]["verdict"] == "failed"
    assert found["memory"]["verdict"] in {"ok", "warning"}
    assert "camera" not in found


def test_a_configuration_for_root_only_is_not_called_bad(config, capsys, monkeypatch):
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != config and allowed(path, mode))
    main(["--config", str(config), "--json"])
    found = findings(capsys)
    assert found["configuration"]["verdict"] == "unknown"
    assert "with sudo" in found["configuration"]["advice"]
    assert "memory" in found


def test_a_configuration_that_the_service_cannot_read_is_told(config, capsys, monkeypatch):
    monkeypatch.setattr(doctor_cli, "CONFIGURATIONS", config.parent)
    config.chmod(0o600)
    assert main(["--config", str(config), "--json"]) == 69
    assert "chmod 640" in findings(capsys)["configuration"]["advice"]


def test_the_services_own_configuration_is_read_where_there_is_one(config, capsys):
    doctor_cli.INSTALLED.parent.mkdir()
    doctor_cli.INSTALLED.write_text(config.read_text())
    main(["--json"])
    found = findings(capsys)
    assert str(doctor_cli.INSTALLED) in found["configuration"]["told"]
    assert "sink lamp" in found


def test_credentials_are_those_of_the_service(config, capsys, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")  # put back by monkeypatch
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    doctor_cli.CREDENTIALS.mkdir(parents=True)
    (doctor_cli.CREDENTIALS / "hook").write_text("http://127.0.0.1:1/secret")
    hook = ["--set", "sinks.hook.type=webhook", "--set", "sinks.hook.url=credential:hook"]
    main(["--config", str(config), "--json", *hook])
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    told = capsys.readouterr().out
    assert "127.0.0.1:1: cannot be reached" in told
    assert "secret" not in told


def test_logging_is_as_before(config):
    main(["--config", str(config), "--json"])
    assert logging.root.manager.disable == logging.NOTSET


def test_a_wrong_flag_is_64():
    with pytest.raises(SystemExit) as ended:
        main(["--no-such-flag"])
    assert ended.value.code == 64


@pytest.mark.parametrize("library", ["cv2", "numpy"])
def test_a_library_that_cannot_be_loaded_is_a_finding(tmp_path, library):
    (tmp_path / f"{library}.py").write_text("raise ImportError('numpy.core failed to import')\n")
    ended = subprocess.run(
        [sys.executable, "-c", "import sys, edge.doctor_cli as d; sys.exit(d.main(['--json']))"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (69, "")
    found = {one["check"]: one for one in map(json.loads, ended.stdout.splitlines())}
    assert found["installation"]["verdict"] == "failed"
    assert "install.sh" in found["installation"]["advice"]
    assert found["opencv"]["verdict"] == "failed"
    assert "memory" in found
