"""Running several processes as one: start them in order, watch them, stop them all.

Promises: a child is announced by one line when it answers; a signal ends the run at the next safe point, and
then every child is stopped in reverse order whatever state it is in, and nothing of the tree below us is
left. A child that dies either is started again, within limits, or ends the run with one line and the last
lines of its log.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.embedded import EmbeddedError, processes

STOP_SECONDS = 6.0
RESTARTS_A_MINUTE = 5


class ChildError(Exception):
    """A child does not start or did not stay; the message is for the terminal."""


class StopRequested(Exception):  # an order, not an error
    """Somebody asked us to end, by SIGINT or SIGTERM."""


@dataclass(frozen=True)
class Spec:
    """How one child is started and told to be ready, and what happens when it dies."""

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    is_ready: Callable[[], bool]
    log: Path
    ready_seconds: float = 60.0
    restart: bool = False
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    stop_seconds: float = STOP_SECONDS


@dataclass
class _Child:
    spec: Spec
    process: subprocess.Popen[bytes]
    restarts: deque[float] = field(default_factory=deque)


class Supervisor:
    """The children of one run. Use it as a context manager from the main thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._children: list[_Child] = []
        self._stop_requested = False
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> "Supervisor":
        processes.adopt_orphans()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum == signal.SIGHUP and signal.getsignal(signum) is signal.SIG_IGN:
                continue  # started by nohup: it is meant to outlive its terminal
            self._previous[signum] = signal.signal(signum, self._request_stop)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop_all()
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)  # type: ignore[arg-type]  # as signal.signal gave it to us

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Only note it: raising here could lose a process between its start and our list."""
        self._stop_requested = True

    def pause(self, seconds: float = 0.05) -> None:
        """Wait a moment; the place where a wish to stop is heard.

        Raises:
            StopRequested: SIGINT, SIGTERM or SIGHUP has come.
        """
        if self._stop_requested:
            raise StopRequested
        time.sleep(seconds)
        if self._stop_requested:
            raise StopRequested

    def start(self, spec: Spec, line: str) -> None:
        """Start a child, wait until it answers, and say so.

        Raises:
            ChildError: it ended, or did not answer in its time; the message carries its last lines.
        """
        child = _Child(spec, self._spawn(spec))
        self._children.append(child)
        self._wait_until_ready(child)
        self.say(line)

    def run(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path | None
    ) -> None:
        """Run a program to its end; without a log its output goes straight to our terminal.

        Raises:
            ChildError: its status was not 0.
        """
        spec = Spec(
            name,
            lambda: processes.spawn(argv, log=log, env=env, cwd=cwd),
            lambda: True,
            log or Path(os.devnull),
        )
        child = _Child(spec, self._spawn(spec))
        self._children.append(child)
        while (status := child.process.poll()) is None:
            self._check_children(except_for=child)
            self.pause()
        self._children.remove(child)
        if status != 0:
            raise ChildError(f"{name} failed ({_ending(status)}).{_tail(spec.log)}")

    def watch(self) -> None:
        """Keep the children up until we are asked to stop.

        Raises:
            StopRequested: the ordinary end.
            ChildError: a child died that is not started again, or died too often.
        """
        while True:
            self._check_children()
            self._reap_orphans()
            self.pause(0.2)

    def stop_all(self) -> None:
        """Stop every child, the last one first, and end what is left below us. No signal interrupts this."""
        self._stop_requested = True
        while self._children:
            stop(self._children.pop())
        self._kill_leftovers()

    def _spawn(self, spec: Spec) -> subprocess.Popen[bytes]:
        try:
            return spec.spawn()
        except EmbeddedError as error:
            raise ChildError(f"{spec.name} did not start: {error}") from error

    def _wait_until_ready(self, child: _Child) -> None:
        deadline = time.monotonic() + child.spec.ready_seconds
        while True:
            if (status := child.process.poll()) is not None:
                raise ChildError(
                    f"{child.spec.name} did not start ({_ending(status)}).{_tail(child.spec.log)}"
                )
            if child.spec.is_ready():
                return
            if time.monotonic() > deadline:
                seconds = child.spec.ready_seconds
                raise ChildError(
                    f"{child.spec.name} did not answer within {seconds:.0f} s.{_tail(child.spec.log)}"
                )
            self._check_children(except_for=child)
            self.pause()

    def _check_children(self, except_for: _Child | None = None) -> None:
        for child in self._children:
            if child is not except_for and (status := child.process.poll()) is not None:
                self._replace(child, status)

    def _replace(self, child: _Child, status: int) -> None:
        """Start a dead child again, unless it must not be or has died too often."""
        spec, now = child.spec, time.monotonic()
        if not spec.restart:
            raise ChildError(
                f"{spec.name} died ({_ending(status)}), so everything stops; its log: {spec.log}"
            )
        while child.restarts and now - child.restarts[0] > 60:
            child.restarts.popleft()
        if len(child.restarts) >= RESTARTS_A_MINUTE:
            times = RESTARTS_A_MINUTE + 1
            raise ChildError(
                f"{spec.name} died {times} times in a minute, so everything stops; its log: {spec.log}"
            )
        child.restarts.append(now)
        processes.signal_group(child.process.pid, signal.SIGKILL)  # what it left of its own children
        child.process = self._spawn(spec)
        self.say(f"{spec.name} died ({_ending(status)}) and was started again.")

    def _reap_orphans(self) -> None:
        """Collect processes that became ours when their parent died; the children's status stays theirs."""
        ours = {child.process.pid for child in self._children}
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None or found.si_pid in ours:
                return
            with contextlib.suppress(ChildProcessError):
                os.waitpid(found.si_pid, os.WNOHANG)

    def _kill_leftovers(self) -> None:
        """End whatever is still below us, also what made a session of its own; as subreaper we see it all."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            left = [pid for pid in processes.descendants(os.getpid()) if processes.is_running(pid)]
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._reap_orphans()
            if not left:
                return
            time.sleep(0.02)


def stop(child: _Child) -> None:
    """Ask, wait, then force; a stopped process is continued, or it could not even hear us."""
    process, spec = child.process, child.spec
    for signum in spec.stop_signals:
        if process.poll() is not None:
            break
        process.send_signal(signum)
        processes.signal_group(process.pid, signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(spec.stop_seconds)
    processes.signal_group(process.pid, signal.SIGKILL)  # the whole group: grandchildren outlive their parent
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"


def _tail(log: Path) -> str:
    lines = processes.last_lines(log)
    return f" The end of {log}:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""
