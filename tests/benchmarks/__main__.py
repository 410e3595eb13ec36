"""Runs a benchmark: `python -m tests.benchmarks NAME [--json] [--short]`, one JSON object a line.

Every benchmark is a function that yields its figures as dictionaries, in the table below by its name. A line has at
least `id` (the figure's name), `arm` (`ours`, or a peer run beside it) and `holds` (whether the target is met; null
where it is only reported). The command fails where a figure of ours does not hold.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Figures = Iterator[dict[str, Any]]

# name -> module and function; imported only when asked for, since some need a database.
TABLE: dict[str, tuple[str, str]] = {
    "P1": ("tests.benchmarks.planning", "figures"),
    "P2": ("tests.benchmarks.imports", "p2"),
    "P3": ("tests.benchmarks.imports", "p3"),
    "P4": ("tests.benchmarks.imports", "p4"),
    "P9": ("tests.benchmarks.limiter", "virtual_figures"),
    "P9-real": ("tests.benchmarks.limiter_real", "real_figures"),
    "P10": ("tests.benchmarks.fairness", "figures"),
    "P11": ("tests.benchmarks.priority", "figures"),
    "P12": ("tests.benchmarks.day", "figures"),
    "P13": ("tests.benchmarks.polling", "figures"),
    "P16": ("tests.benchmarks.serving", "p16"),
    "P17": ("tests.benchmarks.serving", "p17"),
    "flips-import": ("tests.benchmarks.flips", "imports"),
    "flips-limit": ("tests.benchmarks.flips", "limits"),
    "flips-kills": ("tests.benchmarks.flips", "kills"),
    "speed": ("tests.benchmarks.fairness", "speed"),
}


def find(name: str) -> Callable[[bool], Figures]:
    """The function of a benchmark; its argument asks for the short form."""
    module, function = TABLE[name]
    found: Callable[[bool], Figures] = getattr(import_module(module), function)
    return found


def main(arguments: list[str]) -> int:
    """Run, print, and say whether all of ours holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(TABLE))
    parser.add_argument("--json", action="store_true", help="one JSON object a line, instead of words")
    parser.add_argument("--short", action="store_true", help="the form that runs in CI")
    options = parser.parse_args(arguments)
    good = True
    for figure in find(options.name)(options.short):
        good = good and figure.get("holds") is not False
        print(
            json.dumps(figure) if options.json else "  ".join(f"{k}={v}" for k, v in figure.items()),
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
