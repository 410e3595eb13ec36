"""Runs commands of manage.py from a Python that has the libraries loaded already: one fork a command.

A command of its own takes seconds to import what never changes; a module that runs dozens would mostly wait. A command
in the environment that was announced by `load` finds Patchbay loaded with it; in any other, settings and every module
of ours are read anew in the fork, as by the real command.

Reads one JSON object a line: arguments, environment, and the file that gets status and output; or `load`, and the
environment.
"""

import io
import json
import os
import signal
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

LIBRARIES = (
    "celery.app.base",
    "celery.app.control",
    "certifi",
    "cryptography.hazmat.primitives.ciphers.aead",
    "django.contrib.staticfiles.finders",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.forms",
    "django.template.defaulttags",
    "httpx",
    "kombu.transport.redis",
    "psycopg_pool",
    "pydantic_settings",
    "redis",
    "structlog",
)


def run(arguments: list[str], environment: dict[str, str], answer: Path) -> None:
    """The command, in this process; never returns."""
    os.environ.clear()
    os.environ.update(environment)
    out, err, status = io.StringIO(), io.StringIO(), 1
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = import_module("manage").main(arguments)
        except SystemExit as end:
            if isinstance(end.code, str):
                err.write(end.code)
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
    whole = answer.with_suffix(".part")
    whole.write_text(json.dumps({"status": status, "out": out.getvalue(), "err": err.getvalue()}))
    whole.rename(answer)
    os._exit(0)


def in_fork(asked: dict[str, Any]) -> None:
    """The command in a process of its own, which nobody waits for: its file says when it has ended."""
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        run(asked["arguments"], asked["environment"], Path(asked["answer"]))


def loaded(environment: dict[str, str]) -> TextIO:
    """A fork with all of Patchbay loaded for this environment, which takes lines in its turn; what writes to it."""
    reads, writes = os.pipe()
    if os.fork():
        os.close(reads)
        return os.fdopen(writes, "w")
    os.close(writes)
    os.environ.clear()
    os.environ.update(environment)
    import django

    django.setup()
    for module in ("config.urls", "config.doctor.catalog"):
        import_module(module)
    with os.fdopen(reads) as lines:
        for line in lines:
            in_fork(json.loads(line))
    os._exit(0)


def main() -> None:
    """Fork for each line until there are no more."""
    for library in LIBRARIES:
        import_module(library)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    known: dict[str, str] = {}
    same: TextIO | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "load" in asked:
            known = asked["load"]
            same = loaded(known)
        elif same and asked["environment"] == known:
            same.write(line)
            same.flush()
        else:
            in_fork(asked)


if __name__ == "__main__":
    main()
