"""manage.py on a bare Python: what it decides, and an installation from a package folder on this machine."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import manage

ROOT = Path(__file__).resolve().parents[2]
# The interpreter that this environment was made from: the bare Python of a newcomer.
BARE = getattr(sys, "_base_executable", sys.executable)
FAKE_DJANGO = "import sys\ndef execute_from_command_line(argv): print('ran', *argv[1:], 'in', sys.prefix)\n"


def make_wheel(folder: Path) -> str:
    """Make an index of one wheel, with the one Django function that manage.py calls; return its pin."""
    wheel = folder / "patchbay_probe-1.0-py3-none-any.whl"
    info = "patchbay_probe-1.0.dist-info"
    files = {
        "django/__init__.py": "",
        "django/core/__init__.py": "",
        "django/core/management/__init__.py": FAKE_DJANGO,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: patchbay-probe\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"patchbay-probe==1.0 \\\n    --hash=sha256:{digest}\n"


@pytest.fixture
def clone(tmp_path):
    """A fresh clone as far as manage.py looks at it."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "manage.py").write_bytes((ROOT / "manage.py").read_bytes())
    pin = make_wheel(tmp_path)
    (tmp_path / "requirements.txt").write_text(pin)
    (tmp_path / "tests/requirements.txt").write_text(pin)
    return tmp_path


def command(clone: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PIP_", "PATCHBAY"))
    }
    return subprocess.Popen(
        [BARE, str(clone / "manage.py"), *arguments],
        env={**clean, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_bare_python_installs_once_and_runs_the_command_in_the_environment(clone):
    two = [command(clone, "check", "--deploy"), command(clone, "check", "--deploy")]
    outputs = [process.communicate(timeout=60)[0] for process in two]

    assert [process.returncode for process in two] == [0, 0], outputs
    assert all(f"ran check --deploy in {clone / '.venv'}" in output for output in outputs)
    assert sum("installing them into" in output for output in outputs) == 1  # the other one waited

    again = command(clone, "check").communicate(timeout=30)[0]
    assert again == f"ran check in {clone / '.venv'}\n"

    # A new lock is noticed; what cannot be had, as without a network, ends it before the command runs.
    lock = (clone / "requirements.txt").read_text()
    (clone / "requirements.txt").write_text(lock.replace("==1.0", "==1.1"))
    refused = command(clone, "check")
    output = refused.communicate(timeout=60)[0]
    assert refused.returncode == 1
    assert output.splitlines()[-1].endswith("the next start tries again.")
    assert "ran check" not in output


def test_a_python_without_venv_names_the_package_to_install(clone, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/venv.py").write_text("raise SystemExit('ensurepip is not available')")

    process = command(clone, "up", PYTHONPATH=str(tmp_path / "broken"))
    output = process.communicate(timeout=30)[0]

    assert process.returncode == 1
    assert output.splitlines()[-1].endswith(f"apt install python{manage.VERSION}-venv")


def test_another_ones_broken_environment_is_left_alone(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv/keep").write_text("mine")

    process = command(clone, "up")
    output = process.communicate(timeout=30)[0]

    assert (process.returncode, output.splitlines()[-1]) == (
        1,
        f"{clone / '.venv'} is not ours and has no working pip; remove it.",
    )
    assert (clone / ".venv/keep").read_text() == "mine"


def test_where_the_packages_are_there_nothing_is_installed(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "version", f"--data={tmp_path}/data"],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("5.2")


@pytest.mark.parametrize(
    ("given", "left", "data"),
    [
        (["up", "--port", "1"], ["up", "--port", "1"], None),
        (["up", "--data", "here", "--no-demo"], ["up", "--no-demo"], "here"),
        (["--data=a b", "drain"], ["drain"], "a b"),
        (["loaddata", "--database", "owner"], ["loaddata", "--database", "owner"], None),
        (["shell", "--", "--data", "x"], ["shell", "--", "--data", "x"], None),
    ],
)
def test_the_data_folder_is_taken_from_any_command(given, left, data):
    assert manage.take_data_option(given) == (left, data)


@pytest.mark.parametrize("given", [["up", "--data"], ["up", "--data", ""]])
def test_a_data_folder_without_a_name_is_refused(given):
    with pytest.raises(SystemExit, match="needs the name of a folder"):
        manage.take_data_option(given)


def test_missing_packages_are_those_without_a_condition(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# comment\npytest==0 \\\n    --hash=sha256:00\nno-such-thing==1 \\\n    --hash=sha256:00\n"
        "only-elsewhere==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
    )

    assert manage.missing(lock) == ["no-such-thing"]


def decide(
    root: Path, wanted: str, *, prefix: str, run: str, test: str, stamp: dict[str, str] | None
) -> bool:
    (root / "tests").mkdir()
    (root / ".venv").mkdir()
    (root / "requirements.txt").write_text(f"{run}==1 \\\n")
    (root / "tests/requirements.txt").write_text(f"{run}==1 \\\n{test}==1 \\\n")
    if stamp is not None:
        known = {
            name: manage.fingerprint(root, name) if value == "now" else value for name, value in stamp.items()
        }
        (root / ".venv/patchbay.json").write_text(json.dumps(known))
    return manage.is_complete(root, wanted, root / prefix)


@pytest.mark.parametrize(
    ("wanted", "prefix", "run", "test", "stamp", "expected"),
    [
        ("run", "elsewhere", "pytest", "absent", None, True),  # somebody's own environment, as it is
        ("run", "elsewhere", "absent", "absent", None, False),
        ("test", "elsewhere", "absent", "absent", None, False),
        ("run", ".venv", "absent", "absent", {"run": "now", "python": manage.VERSION}, True),
        (
            "run",
            ".venv",
            "pytest",
            "absent",
            {"run": "old", "python": manage.VERSION},
            False,
        ),  # the lock moved on
        ("run", ".venv", "pytest", "absent", {"python": manage.VERSION}, False),  # interrupted
        ("run", ".venv", "pytest", "absent", {"run": "now", "python": "3.1"}, False),  # the Python moved on
        ("test", ".venv", "pytest", "absent", {"run": "now", "python": manage.VERSION}, False),
        ("test", ".venv", "pytest", "pytest", None, True),  # a .venv of somebody's own making
    ],
)
def test_the_environment_is_judged(tmp_path, wanted, prefix, run, test, stamp, expected):
    assert decide(tmp_path, wanted, prefix=prefix, run=run, test=test, stamp=stamp) is expected


def test_anothers_environment_without_the_tests_packages_is_told_what_to_install(tmp_path):
    with pytest.raises(
        manage.BootstrapError, match=r"-m pip install --require-hashes -r .*tests/requirements\.txt"
    ):
        decide(tmp_path, "test", prefix="elsewhere", run="pytest", test="absent", stamp=None)


def test_an_old_python_can_read_the_file_up_to_its_message():
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))
