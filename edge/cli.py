"""`edge-run`: reads expressions from a camera or from pictures, on this device.

Examples:
    edge-run --camera demo:                 the built-in visitor gets angry and calms down
    edge-run --camera 0                     watch the first USB camera until Ctrl-C
    edge-run --camera 0 --json              one JSON object an event
    edge-run --image photo.jpg              read the faces in a picture
    edge-run --image photos/ --annotate out/
    edge-run --image photo.jpg --labels fer2013    by the other of the two shipped models
    edge-run --self-test                    does this device compute what it should?

At a desk, for good:
    edge-run --config FILE --check-config   is it good, and can its secrets be read?
    edge-run --config FILE --service        what the systemd unit runs
    edge-run --config FILE alerts list      what was told to whom; see edge-run alerts --help
    edge-run --config FILE alerts test desk
    edge-run --config FILE doctor           what is wrong, and what to do about it
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edge.command import parser, run_command
from edge.errors import EX_UNAVAILABLE, UsageError
from edge.message import one_line
from edge.subcommand import subcommand

# edge.config is imported where it is needed: it loads OpenCV, and `doctor` must run without

SOURCES = """a camera's index (0), its lasting path (/dev/v4l/by-id/...), picamera:0, an rtsp://
address, a video file, or the built-in visitor: demo: demo:calm demo:angry demo:two
(demo:?loop=on plays for ever, demo:?pace=off as fast as the machine can)"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = sys.argv[1:] if argv is None else argv
    command, rest = subcommand(given)
    if command:
        return command(rest)
    try:
        made = _parser()
    except ImportError as error:
        told = f"a library cannot be loaded ({error}); edge-run doctor says what to do"
        print(f"edge-run: error: {one_line(told)}", file=sys.stderr)
        return EX_UNAVAILABLE
    return run_command(made, given)


def _parser() -> argparse.ArgumentParser:
    from edge.config.arguments import add_config_arguments
    from edge.vision.card import SHIPPED

    made = parser("edge-run", __doc__)
    add_config_arguments(made)
    job = made.add_argument_group("what to do (default: watch the configured camera)")
    job.add_argument("--camera", metavar="SOURCE", help=SOURCES)
    one = job.add_mutually_exclusive_group()
    one.add_argument(
        "--service", action="store_true", help="watch for good, as systemd's unit does"
    )
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
    job.add_argument(
        "--commented", action="store_true", help="--print-config with comments, as a file to keep"
    )

    how = made.add_argument_group("how")
    model = how.add_mutually_exclusive_group()
    model.add_argument("--model", metavar="FILE", help="a .tflite or .onnx file, or a .json card")
    model.add_argument(
        "--labels",
        choices=SHIPPED,
        help="which of the shipped models: nearer to what FER+'s annotators see (ferplus, the "
        "default), or to FER-2013's own labels (fer2013)",
    )
    how.add_argument("--runtime", choices=("litert", "onnx", "tflite"), help="the interpreter")
    how.add_argument("--threads", type=int, metavar="N", help="for the interpreter (1)")

    out = made.add_argument_group("what to print")
    out.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write the --image pictures with what was read"
    )
    out.add_argument("--verbose", action="store_true", help="log to stderr, too")
    made.set_defaults(run_it=_run)
    return made


def _run(arguments: argparse.Namespace) -> int:
    _refuse_what_does_not_fit(arguments)
    from edge.health.logs import setup

    setup(arguments.service, arguments.verbose, arguments.service and arguments.debug)
    if arguments.list_cameras:
        return _list_cameras()
    if arguments.image:
        return _pictures(arguments)
    if arguments.self_test:
        return _self_test(arguments)
    if arguments.print_config:
        return _print_config(arguments)
    if arguments.check_config:
        return _check_config(arguments)
    return _serve(arguments) if arguments.service else _watch(arguments)


def _refuse_what_does_not_fit(arguments: argparse.Namespace) -> None:
    from edge.config.arguments import wants_json

    others = {"--image": arguments.image, "--list-cameras": arguments.list_cameras}
    others["--self-test"] = arguments.self_test
    if arguments.camera is not None and any(others.values()):
        raise UsageError(
            f"--camera watches a camera: leave out either it or {', '.join(others)}; "
            "see edge-run --help"
        )
    if arguments.annotate and not arguments.image:
        raise UsageError("--annotate draws into pictures: give --image PATH, too")
    if arguments.commented and not arguments.print_config:
        raise UsageError("--commented is a form of --print-config: give that, too")
    if arguments.service and wants_json(arguments):
        raise UsageError("--service prints nothing but its log: leave out --json")


def _flags(arguments: argparse.Namespace) -> dict[str, str]:
    """The flags that are configuration keys; each wins over --set."""
    flags = {
        "camera.source": arguments.camera,
        # either names the model, in place of whatever the file does
        "model.path": "" if arguments.labels else arguments.model,
        "model.labels": "" if arguments.model else arguments.labels,
        "model.runtime": arguments.runtime,
        "model.threads": arguments.threads,
    }
    # quoted, so that a name which happens to be TOML is taken as it stands
    return {
        key: json.dumps(value, ensure_ascii=False)
        for key, value in flags.items()
        if value is not None
    }


def _serve(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import load_from
    from edge.supervisor import Supervisor

    return Supervisor(load_from(arguments, _flags(arguments))).run()


def _watch(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import load_from, wants_json
    from edge.config.secret import resolved
    from edge.service import Service
    from edge.show import JsonPrinter, LinePrinter

    config = resolved(load_from(arguments, _flags(arguments)))
    Service(config, JsonPrinter() if wants_json(arguments) else LinePrinter()).run()
    return 0


def _pictures(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import load_from, wants_json
    from edge.look import look_at

    config = load_from(arguments, _flags(arguments))
    json_wanted = wants_json(arguments)
    return look_at(arguments.image, config, as_json=json_wanted, folder=arguments.annotate)


def _print_config(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import load_from
    from edge.config.commented import commented
    from edge.config.secret import masked
    from edge.toml_text import as_toml

    config = load_from(arguments, _flags(arguments))
    print(commented(config) if arguments.commented else as_toml(masked(config)), end="")
    return 0


def _check_config(arguments: argparse.Namespace) -> int:
    from edge.check_config import check_config
    from edge.config.arguments import config_path, load_from

    check_config(load_from(arguments, _flags(arguments)), config_path(arguments))
    return 0


def _self_test(arguments: argparse.Namespace) -> int:
    from edge.config.arguments import load_from, wants_json
    from edge.self_test import self_test

    config = load_from(arguments, _flags(arguments))
    self_test(config.model, as_json=wants_json(arguments))
    return 0


def _list_cameras() -> int:
    from edge.camera.demo import SCENES
    from edge.camera.listing import list_picamera, list_v4l2

    found = [*list_v4l2(), *list_picamera()]
    for camera in found:
        print(f"{camera.source:12} {camera.name}  {camera.by_id}".rstrip())
    if not found:
        print("no camera is plugged in")
    for scene, about in SCENES.items():
        print(f"demo:{scene:7} {about}")
    return 0
