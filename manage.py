#!/usr/bin/env python3
"""Patchbay's command line: `python3 manage.py up`, `python3 manage.py test`, and every Django command.

Owns the way from a bare Python to a running command, by the standard library alone. Where this interpreter
has the packages of the lock file they are used as they are; else they are installed into .venv beside this
file, by their hashes, and the command runs there. A stamp in .venv says what was installed whole, so that an
interrupted or outdated installation is finished and a second start finds nothing to do. `--data DIR` is taken
here for every command.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  the point is to say so on an older one
    sys.exit("Patchbay needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info[:2]))

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VERSION = "{}.{}".format(*sys.version_info[:2])
LOCKS = {"run": "requirements.txt", "test": "tests/requirements.txt"}


class BootstrapError(Exception):
    """The packages cannot be had; the message is for the terminal and says what to do."""


def main(arguments: list[str]) -> int:
    """Run one command, in .venv where this interpreter lacks the packages."""
    arguments, data = take_data_option(arguments)
    data = data or os.environ.get("PATCHBAY_DATA")
    if data:
        os.environ["PATCHBAY_DATA"] = str(Path(data).absolute())
    wanted = "test" if arguments[:1] == ["test"] else "run"
    again = os.environ.pop("PATCHBAY_AGAIN", None)
    try:
        if not is_complete(ROOT, wanted, Path(sys.prefix)):
            python = install(ROOT, wanted)
            if again:  # PYTHONHOME or the like; without this we would go round for ever
                raise BootstrapError(f"{python} does not run in its own environment; unset PYTHONHOME.")
            command = [str(python), str(ROOT / "manage.py"), *arguments]
            os.execve(python, command, {**os.environ, "PATCHBAY_AGAIN": "1"})  # noqa: S606  # no shell is meant
    except BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return run(arguments)


def run(arguments: list[str]) -> int:
    """Run the command in this interpreter, which has what it needs."""
    if arguments[:1] == ["test"]:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments[1:]])  # noqa: S606  # the same
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    argv = [str(ROOT / "manage.py"), *arguments]
    try:
        if arguments[:1] == ["up"]:
            # It only starts programs that load Patchbay; loading it here as well would be for nothing.
            from config.management.commands.up import Command

            Command().run_from_argv(argv)
        else:
            from django.core.management import execute_from_command_line

            execute_from_command_line(argv)
    except KeyboardInterrupt:
        return 130
    return 0


def take_data_option(arguments: list[str]) -> tuple[list[str], str | None]:
    """Take `--data DIR` or `--data=DIR` out of a command line; what follows `--` is not looked at."""
    left: list[str] = []
    data: str | None = None
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            left += [argument, *rest]
        elif argument == "--data":
            data = next(rest, None)
            if not data:
                sys.exit("--data needs the name of a folder.")
        elif argument.startswith("--data="):
            data = argument.removeprefix("--data=")
        else:
            left.append(argument)
    return left, data


def is_complete(root: Path, wanted: str, prefix: Path) -> bool:
    """Tell whether the interpreter at a prefix, which must be ours, has what a command needs.

    Raises:
        BootstrapError: it is somebody's own environment for Patchbay, and the tests' packages are missing.
    """
    venv = root / ".venv"
    inside = prefix.resolve() == venv.resolve()
    stamp = read_stamp(venv) if inside else None
    if stamp is not None:
        return is_current(stamp, root, wanted, VERSION)
    if not missing(root / LOCKS[wanted]):
        return True
    if not inside and wanted == "test" and not missing(root / LOCKS["run"]):
        raise BootstrapError(
            f"This environment has Patchbay's packages but not the tests': {sys.executable} -m pip install"
            f" --require-hashes -r {root / LOCKS['test']}"
        )
    return False


def missing(lock: Path) -> list[str]:
    """List the lock's packages that this interpreter lacks; those for some systems only do not count."""
    lines = lock.read_text().splitlines()
    pins = [re.match(r"([A-Za-z0-9._-]+)==\S+ *\\?$", line) for line in lines]
    return [pin.group(1) for pin in pins if pin and not _is_installed(pin.group(1))]


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def fingerprint(root: Path, wanted: str) -> str:
    """Name what is to be installed: the lock file's content."""
    return hashlib.sha256((root / LOCKS[wanted]).read_bytes()).hexdigest()


def is_current(stamp: dict[str, str], root: Path, wanted: str, version: str | None) -> bool:
    """Tell whether a stamp speaks of this lock file and of a Python that still is the environment's."""
    return stamp.get(wanted) == fingerprint(root, wanted) and stamp.get("python") == version


def read_stamp(venv: Path) -> dict[str, str] | None:
    """Return what was installed whole into our .venv; None where it is not one of ours."""
    try:
        stamp: dict[str, str] = json.loads((venv / "patchbay.json").read_text())
    except (OSError, ValueError):
        return None
    return stamp


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Put the stamp down in one move."""
    scratch = venv / "patchbay.json.new"
    scratch.write_text(json.dumps(stamp))
    scratch.replace(venv / "patchbay.json")


def install(root: Path, wanted: str) -> Path:
    """Make or finish .venv and return its interpreter; of several processes one works, the others wait."""
    venv = root / ".venv"
    python = venv / "bin" / "python"
    with (root / LOCKS["run"]).open() as lock:  # flock needs a file, and this one is always there
        _wait_for(lock.fileno())
        stamp = read_stamp(venv) or {}
        version = _version_with_pip(python)
        if version and is_current(stamp, root, wanted, version):
            return python
        print(
            f"Patchbay's packages are not installed: installing them into {venv}, about half a minute.",
            flush=True,
        )
        if version is None:
            stamp = _make_venv(venv)
            version = _version_with_pip(python)
        known = {"python": version or "", "made": stamp.get("made", "no")}
        write_stamp(venv, known)
        _pip_install(python, root / LOCKS[wanted])
        # The tests' lock holds the other whole; the reverse does not hold.
        write_stamp(venv, {**known, wanted: fingerprint(root, wanted), "run": fingerprint(root, "run")})
        print(f"Installed; this command goes on with {python}.", flush=True)
        return python


def _wait_for(descriptor: int) -> None:
    import fcntl  # not on Windows, where nothing below would run either

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another process is installing Patchbay's packages; waiting for it.", flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _version_with_pip(python: Path) -> str | None:
    """Return the version of an environment's Python; None where it is missing, too old or without pip."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11) or print('%d.%d' % sys.version_info[:2]))"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _make_venv(venv: Path) -> dict[str, str]:
    """Make it anew; a broken one is cleared away only if we made it."""
    try:
        if venv.exists():
            if (read_stamp(venv) or {}).get("made") != "yes" and any(venv.iterdir()):
                raise BootstrapError(f"{venv} is not ours and has no working pip; remove it.")
            shutil.rmtree(venv)
        venv.mkdir()
        write_stamp(venv, {"made": "yes"})
    except OSError as error:
        raise BootstrapError(f"{venv} cannot be made: {error.strerror}.") from error
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(venv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0 and _version_with_pip(venv / "bin" / "python"):
        return {"made": "yes"}
    if "ensurepip" in done.stdout or "No module named venv" in done.stdout:
        package = f"python{VERSION}-venv"
        raise BootstrapError(
            f"This Python cannot make a virtual environment. Debian, Ubuntu: apt install {package}"
        )
    last = done.stdout.strip().splitlines()[-1:] or ["no reason given"]
    raise BootstrapError(f"{venv} cannot be made: {last[0]}")


def _pip_install(python: Path, lock: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--require-hashes", "-r", str(lock)]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
    # A user's own pip settings name their index and stay; only this one would install elsewhere.
    done = subprocess.run([*command, *quiet], env={**os.environ, "PIP_USER": "0"}, check=False)
    if done.returncode != 0:
        raise BootstrapError(
            f"The packages of {lock} could not be installed (pip's reason stands above)."
            " A connection to a package index is needed; the next start tries again."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
