"""`edge-run doctor`: is everything here as it must be, and if not, what to do.

Examples:
    sudo edge-run doctor --config /etc/edge-run/config.toml
    edge-run doctor --set camera.source=0 --json      one JSON object a finding

Nothing is changed and nobody is told anything. The camera is opened unless the service holds it.
Without --config the service's own configuration is read, where there is one. As root it can see
more: the service's credentials and alerts, and the kernel's log.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from contextlib import redirect_stdout

from edge.command import parser, run_command
from edge.errors import EX_UNAVAILABLE, ConfigError
from edge.health.check_credentials import may_be_read
from edge.health.examine import examine
from edge.health.finding import (
    AS_ROOT,
    Finding,
    Verdict,
    failed,
    ok,
    summary,
    table,
    unknown,
)
from edge.health.machine import CONFIGURATIONS, instance, of_machine

INSTALLED = CONFIGURATIONS / "config.toml"
CREDENTIALS = CONFIGURATIONS / "credentials"
REINSTALL = "install it anew: sudo systemd/install.sh, or make demo in the checkout"


def main(argv: list[str] | None = None) -> int:
    """Run the doctor; 69 if a check failed, 0 if all is well or only worth a warning."""
    try:
        with redirect_stdout(None):  # OpenCV without numpy talks there
            made = _parser()
    except Exception as error:  # a library that the configuration needs is broken or not there
        given = sys.argv[1:] if argv is None else argv
        with redirect_stdout(None):
            findings = _without_libraries(error)
        return _show(findings, as_json="--json" in given)
    return run_command(made, argv)


def _parser() -> argparse.ArgumentParser:
    from edge.config.arguments import add_config_arguments

    made = parser("edge-run doctor", __doc__)
    add_config_arguments(made)
    made.set_defaults(run_it=_run)
    return made


def _run(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import wants_json

    before = logging.root.manager.disable
    logging.disable()  # what goes wrong is a finding
    try:
        findings = _findings(arguments)
    finally:
        logging.disable(before)
    return _show(findings, wants_json(arguments))


def _findings(arguments: argparse.Namespace) -> list[Finding]:
    from edge.config.arguments import config_path, load_from
    from edge.health.doctor import checks

    if config_path(arguments) is None and INSTALLED.exists():
        arguments.config = INSTALLED
    if os.access(CREDENTIALS, os.R_OK | os.X_OK):
        os.environ.setdefault("CREDENTIALS_DIRECTORY", str(CREDENTIALS))
    path = config_path(arguments)
    service = instance(path)
    if path is not None and path.exists() and not os.access(path, os.R_OK):
        told = f"{path}: only root and the service may read it"
        secret = unknown("configuration", f"{told}; camera and sinks were not looked at", AS_ROOT)
        return [secret, *examine(of_machine(service))]
    try:
        config = load_from(arguments)
    except ConfigError as error:
        advice = "mend it, and run this again: camera, model and sinks were not looked at"
        return [failed("configuration", str(error), advice), *examine(of_machine(service))]
    good = ok("configuration", f"{path or 'built-in values'}: good")
    closed = may_be_read(path) if path is not None and path.parent == CONFIGURATIONS else ()
    return [good, *closed, *examine(checks(config, service))]


def _without_libraries(error: Exception) -> list[Finding]:
    told = f"a library cannot be loaded ({type(error).__name__}: {error})"
    return [failed("installation", told, REINSTALL), *examine(of_machine(instance(None)))]


def _show(findings: list[Finding], as_json: bool) -> int:
    if as_json:
        for finding in findings:
            print(json.dumps(finding.as_json(), ensure_ascii=False))
    else:
        print(f"{table(findings)}\n\n{summary(findings)}")
    return EX_UNAVAILABLE if any(one.verdict is Verdict.FAILED for one in findings) else 0
