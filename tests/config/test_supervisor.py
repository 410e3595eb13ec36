"""A run of several processes: how it stops, what it starts again, and what it says when one dies."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.embedded import processes

ROOT = Path(__file__).resolve().parents[2]

DRIVER = """
import json, signal, sys
from pathlib import Path
from config.embedded import processes
from config.supervisor import ChildError, Spec, StopRequested, Supervisor

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may be immune to it

folder = Path(sys.argv[1])
with Supervisor(lambda line: print(line, flush=True)) as supervisor:
    try:
        for name, code, restart in json.loads(sys.argv[2]):
            log, mark = folder / f"{name}.log", folder / f"{name}.ready"
            spec = Spec(
                name,
                lambda code=code, log=log, mark=mark: processes.spawn(
                    [sys.executable, "-c", code, str(folder), str(mark)], log=log
                ),
                mark.exists,
                log,
                restart=restart,
                stop_seconds=0.4,
            )
            supervisor.start(spec, f"{name} is up")
        print("all up", flush=True)
        supervisor.watch()
    except StopRequested:
        print("stopping", flush=True)
    except ChildError as error:
        print(error, flush=True)
        sys.exit(1)
"""

BEGIN = """
import os, signal, subprocess, sys, time
folder, mark = sys.argv[1:]
def note(pid): open(os.path.join(folder, "pids"), "a").write(f"{pid}\\n")
def ready(): open(mark, "w").close()
note(os.getpid())
"""
PLAIN = BEGIN + "ready(); time.sleep(60)"
STUBBORN = BEGIN + "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready(); time.sleep(60)"
FROZEN = BEGIN + "ready(); os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)"
PARENT = (
    BEGIN
    + """
IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
nap = [sys.executable, "-c", IGNORE]
for apart in (False, True):
    note(subprocess.Popen(nap, start_new_session=apart).pid)
ready(); time.sleep(60)
"""
)
NEVER_READY = BEGIN + "time.sleep(60)"
SHORT_LIVED = BEGIN + "ready(); time.sleep(0.05)"
DIES = BEGIN + "ready(); time.sleep(0.3); sys.exit(7)"
FAILS = BEGIN + "print('no such thing as a port'); sys.exit(3)"


def start(folder: Path, *children: tuple[str, str, bool]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), json.dumps(children)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def pids(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "pids").read_text().split()]


def wait_until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def lines_until(driver: subprocess.Popen[str], last: str) -> list[str]:
    assert driver.stdout is not None
    lines = []
    for line in driver.stdout:
        lines.append(line.strip())
        if lines[-1] == last:
            break
    return lines


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_whatever_state_the_children_are_in(tmp_path, signum):
    ways = {"plain": PLAIN, "stubborn": STUBBORN, "frozen": FROZEN, "parent": PARENT}
    children = [(name, code, False) for name, code in ways.items()]
    driver = start(tmp_path, *children)
    assert lines_until(driver, "all up") == [*(f"{name} is up" for name in ways), "all up"]
    assert len(pids(tmp_path)) == 6

    driver.send_signal(signum)
    output, _ = driver.communicate(timeout=60)

    assert (output, driver.returncode) == ("stopping\n", 0)
    assert [pid for pid in pids(tmp_path) if processes.is_running(pid)] == []


def test_a_signal_is_heard_while_a_child_is_still_starting(tmp_path):
    driver = start(tmp_path, ("plain", PLAIN, False), ("slow", NEVER_READY, False))
    assert wait_until(lambda: (tmp_path / "pids").exists() and len(pids(tmp_path)) == 2)

    driver.send_signal(signal.SIGTERM)
    driver.send_signal(signal.SIGTERM)  # a second one must not break into the stopping
    output, _ = driver.communicate(timeout=60)

    assert (output, driver.returncode) == ("plain is up\nstopping\n", 0)
    assert [pid for pid in pids(tmp_path) if processes.is_running(pid)] == []


def test_a_child_that_may_die_is_started_again_but_not_for_ever(tmp_path):
    driver = start(tmp_path, ("plain", PLAIN, False), ("short", SHORT_LIVED, True))

    output, _ = driver.communicate(timeout=20)

    assert output.count("short died (exit status 0) and was started again.") == 5
    assert "short died 6 times in a minute, so everything stops" in output
    assert driver.returncode == 1
    assert [pid for pid in pids(tmp_path) if processes.is_running(pid)] == []


def test_a_child_killed_from_outside_comes_back(tmp_path):
    driver = start(tmp_path, ("plain", PLAIN, True))
    lines_until(driver, "all up")
    (victim,) = pids(tmp_path)

    subprocess.run(["kill", "-9", str(victim)], check=True)

    assert wait_until(lambda: len(pids(tmp_path)) == 2)
    driver.terminate()
    output, _ = driver.communicate(timeout=60)
    assert output == "plain died (killed by SIGKILL) and was started again.\nstopping\n"


def test_a_child_that_must_live_ends_the_run_with_one_line(tmp_path):
    driver = start(tmp_path, ("plain", PLAIN, False), ("web", DIES, False))

    output, _ = driver.communicate(timeout=60)

    last = output.splitlines()[-1]
    assert last == f"web died (exit status 7), so everything stops; its log: {tmp_path / 'web.log'}"
    assert driver.returncode == 1
    assert [pid for pid in pids(tmp_path) if processes.is_running(pid)] == []


def test_a_child_that_dies_at_its_start_shows_its_last_lines(tmp_path):
    driver = start(tmp_path, ("web", FAILS, True))

    output, _ = driver.communicate(timeout=60)

    assert output.startswith("web did not start (exit status 3).")
    assert output.endswith("  no such thing as a port\n")
    assert driver.returncode == 1


def test_children_end_with_a_supervisor_that_is_killed(tmp_path):
    driver = start(tmp_path, ("plain", PLAIN, False), ("parent", PLAIN, True))
    lines_until(driver, "all up")

    driver.kill()
    driver.communicate(timeout=60)

    assert wait_until(lambda: not any(processes.is_running(pid) for pid in pids(tmp_path)))
