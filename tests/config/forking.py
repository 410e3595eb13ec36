"""Runs commands of manage.py from a Python that has the libraries loaded already: one fork a command.

A command of its own takes seconds to import what never changes; a module that runs dozens would mostly wait. Settings
and every module of ours are read anew in each fork, as by the real command.

Reads one JSON object a line: arguments, environment, and the file that gets status and output.
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


def main() -> None:
    """Fork for each line until there are no more."""
    for library in LIBRARIES:
        import_module(library)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(asked["arguments"], asked["environment"], Path(asked["answer"]))


if __name__ == "__main__":
    main()
