"""The simulator's command line, shared by `python -m connections.simulator` and `manage.py simulator`."""

import argparse
import asyncio
import sys
from pathlib import Path

from .app import Simulator
from .beginnings import DEFAULT_SEED
from .journal import JournalTrouble
from .server import PortTaken, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--port", type=_port, default=8181, help="0 picks a free one (default: 8181)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--journal", type=Path, help="file that keeps the state over restarts")
    parser.add_argument("--seed", help=f"what the data are grown from (default: {DEFAULT_SEED})")
    parser.add_argument("--accounts", type=_count, help="number of accounts (default: 3)")
    parser.add_argument(
        "--contacts", type=_contacts, help="size of the largest account, up to 2,000,000 (default: 600)"
    )
    parser.add_argument(
        "--activity-seconds",
        type=_seconds,
        default=1.5,
        help="how long a small bulk job takes (default: 1.5)",
    )


def _port(text: str) -> int:
    return _between(text, 0, 65535)


def _count(text: str) -> int:
    return _between(text, 1, 10_000)


def _contacts(text: str) -> int:
    return _between(text, 1, 2_000_000)


def _between(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"a number from {least} to {most} is expected")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86_400:
        raise argparse.ArgumentTypeError("a number of seconds is expected")
    return value


def _ready(address: str) -> None:
    sys.stdout.write(f"Simulator ready at {address}\n")
    sys.stdout.flush()


def run(options: argparse.Namespace) -> int:
    """Serves until told to stop; the exit status."""
    try:
        simulator = Simulator(
            seed=options.seed,
            accounts=options.accounts,
            contacts=options.contacts,
            journal=options.journal,
            activity_seconds=options.activity_seconds,
        )
        asyncio.run(serve(simulator, options.host, options.port, _ready))
    except (JournalTrouble, PortTaken) as problem:
        sys.stderr.write(f"simulator: {problem}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    simulator.close()
    return 0


def main(arguments: list[str]) -> int:
    """The whole command."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(arguments))
