"""`manage.py up` where it cannot start: one clear line, a status that is not 0, and nothing begun."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import datafolder

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL", "BROKER_URL", "PATCHBAY_DATA")


def up(*arguments: str, **environment: str) -> tuple[int, str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in SERVICES}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_taken_port_is_named_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        outcome = up("--port", str(port), "--data", str(tmp_path / "data"))

    assert outcome == (
        1,
        "",
        f"Port {port} on 127.0.0.1: Address already in use; name another with --port.\n",
    )


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    status, _, said = up("--port", "0", "--data", str(tmp_path / "file/data"))

    assert status == 1
    assert said.startswith(f"The data folder {tmp_path / 'file/data'} cannot be written (")
    assert said.count("\n") == 1


def test_a_ready_file_that_cannot_be_written_is_named(tmp_path):
    missing = tmp_path / "missing/ready.json"

    outcome = up("--port", "0", "--data", str(tmp_path / "data"), "--ready-file", str(missing))

    assert outcome == (1, "", f"{missing} cannot be written: No such file or directory.\n")


def test_an_external_database_wants_all_three_roles(tmp_path):
    outcome = up(
        "--port", "0", f"--data={tmp_path / 'data'}", DATABASE_URL="postgresql://app@nowhere/patchbay"
    )

    assert outcome == (
        1,
        "",
        "With DATABASE_URL set, set DATABASE_OWNER_URL and DATABASE_OPERATOR_URL too:"
        " each is another role.\n",
    )


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_an_impossible_port_is_named(tmp_path, port):
    outcome = up(f"--port={port}", "--data", str(tmp_path / "data"))

    assert outcome == (1, "", f"{port} is no port; name one from 1 to 65535 with --port.\n")


def test_a_second_run_on_the_same_folder_names_the_first(tmp_path):
    data = datafolder.prepare(tmp_path / "data")
    with datafolder.locked(data / "up.lock", wait=False) as taken:
        assert taken
        (data / "up.lock").write_text("4711\n")

        status, _, said = up("--port", "0", "--data", str(data))

    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"Another `manage.py up` (process 4711) runs on {data};")
