"""`edge-run`: reads expressions from a camera or from pictures, on this device.

Examples:
    edge-run --camera demo:                 the built-in visitor gets angry and calms down
    edge-run --camera 0                     watch the first USB camera until Ctrl-C
    edge-run --camera 0 --json              one JSON object an event
    edge-run --image photo.jpg              read the faces in a picture
    edge-run --image photos/ --annotate out/
    edge-run --config /etc/edge-run/config.toml --check-config
    edge-run --self-test                    does this device compute what it should?
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

from edge.command import parser, run_command
from edge.errors import UsageError
from edge.message import one_line, without_password

SOURCES = """a camera's index (0), its lasting path (/dev/v4l/by-id/...), picamera:0, an rtsp://
address, a video file, or the built-in visitor: demo: demo:calm demo:angry demo:two
(demo:?loop=on plays for ever, demo:?pace=off as fast as the machine can)"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    made = parser("edge-run", __doc__)
    job = made.add_argument_group("what to do (default: watch the configured camera)")
    job.add_argument("--camera", metavar="SOURCE", help=SOURCES)
    one = job.add_mutually_exclusive_group()
    one.add_argument("--image", nargs="+", metavar="PATH", help="pictures, folders or addresses")
    one.add_argument("--list-cameras", action="store_true", help="show what cameras are here")
    one.add_argument("--check-config", action="store_true", help="check configuration and model")
    one.add_argument(
        "--self-test",
        action="store_true",
        help="hold preprocessing, face search and every model file, under every interpreter "
        "installed, against the answers kept with the model",
    )
    one.add_argument("--print-config", action="store_true", help="print every key in effect")

    how = made.add_argument_group("how")
    how.add_argument("--config", type=Path, metavar="FILE", help="a TOML file; see --print-config")
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one configuration key, e.g. rules.anger.on=0.6; may be repeated",
    )
    how.add_argument("--model", metavar="FILE", help="a .tflite or .onnx file, or a .json card")
    how.add_argument("--runtime", choices=("litert", "onnx", "tflite"), help="the interpreter")
    how.add_argument("--threads", type=int, metavar="N", help="for the interpreter (1)")

    out = made.add_argument_group("what to print")
    out.add_argument(
        "--json", action="store_true", help="one JSON object a picture, event or check"
    )
    out.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write the --image pictures with what was read"
    )
    out.add_argument("--verbose", action="store_true", help="log to stderr, too")
    made.set_defaults(run_it=_run)
    return made


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(
        level=logging.INFO if arguments.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    others = {"--image": arguments.image, "--list-cameras": arguments.list_cameras}
    others["--self-test"] = arguments.self_test
    if arguments.camera is not None and any(others.values()):
        raise UsageError(
            f"--camera watches a camera: leave out either it or {', '.join(others)}; "
            "see edge-run --help"
        )
    if arguments.annotate and not arguments.image:
        raise UsageError("--annotate draws into pictures: give --image PATH, too")
    if arguments.list_cameras:
        return _list_cameras()
    if arguments.image:
        return _pictures(arguments)
    if arguments.self_test:
        return _self_test(arguments)
    if arguments.print_config:
        return _print_config(arguments)
    return _check_config(arguments) if arguments.check_config else _watch(arguments)


def _settings(arguments: argparse.Namespace) -> dict[str, str]:
    """The flags as configuration keys; a flag of its own, such as --model, wins over --set."""
    settings = {}
    for pair in arguments.set:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {pair}: must be KEY=VALUE, e.g. --set rules.anger.on=0.6")
        settings[key.strip()] = value.strip()
    flags = {
        "camera.source": arguments.camera,
        "model.path": arguments.model,
        "model.runtime": arguments.runtime,
        "model.threads": arguments.threads,
    }
    # quoted, so that a name which happens to be TOML is taken as it stands
    return settings | {
        key: json.dumps(value, ensure_ascii=False)
        for key, value in flags.items()
        if value is not None
    }


def _watch(arguments: argparse.Namespace) -> int:
    from edge.config import load
    from edge.service import Service
    from edge.show import JsonPrinter, LinePrinter

    config = load(arguments.config, settings=_settings(arguments))
    Service(config, JsonPrinter() if arguments.json else LinePrinter()).run()
    return 0


def _pictures(arguments: argparse.Namespace) -> int:
    from edge.config import load
    from edge.look import look_at

    config = load(arguments.config, settings=_settings(arguments))
    return look_at(arguments.image, config, as_json=arguments.json, folder=arguments.annotate)


def _print_config(arguments: argparse.Namespace) -> int:
    from edge.config import load
    from edge.toml_text import as_toml

    values = asdict(load(arguments.config, settings=_settings(arguments)))
    values["camera"]["source"] = without_password(values["camera"]["source"])
    print(as_toml(values), end="")
    return 0


def _check_config(arguments: argparse.Namespace) -> int:
    from edge.config import load
    from edge.service import check_rules, load_configured

    config = load(arguments.config, settings=_settings(arguments))
    model = load_configured(config)
    check_rules(config, model)
    rules = ", ".join(
        f"{name} ({rule.label} at {rule.on:g} for {rule.seconds:g} s)"
        for name, rule in config.rules.items()
    )
    print(f"configuration: {arguments.config or 'built-in values'}: good")
    print(f"model: {model.path} on {model.runtime}: hash agrees with {model.card.path.name}")
    print(f"camera: {one_line(config.camera.source)} (not opened)")
    print(f"rules: {rules or 'none: nothing will be raised'}")
    return 0


def _self_test(arguments: argparse.Namespace) -> int:
    from edge.config import load
    from edge.self_test import self_test

    config = load(arguments.config, settings=_settings(arguments))
    self_test(config.model, as_json=arguments.json)
    return 0


def _list_cameras() -> int:
    from edge.camera.demo import SCENES
    from edge.camera.listing import list_v4l2

    found = list_v4l2()
    for camera in found:
        print(f"{camera.source:12} {camera.name}  {camera.by_id}".rstrip())
    if not found:
        print("no V4L2 camera is plugged in")
    for scene, about in SCENES.items():
        print(f"demo:{scene:7} {about}")
    return 0
