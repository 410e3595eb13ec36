"""Starting and looking at operating-system processes.

Promises: a process spawned here has its own session (Ctrl-C in the terminal does not reach it), writes to a
log file, and on Linux is told by the kernel to end when the process that spawned it dies, however that dies.
That signal hangs on the spawning *thread*, so `spawn` belongs in the main thread. A zombie counts as dead.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.embedded import EmbeddedError

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Account:
    """An operating-system account to run something as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def current(cls) -> "Account":
        """Return who we are; a uid without a passwd entry gets its number as the name."""
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        return cls(name, uid, os.getegid())

    @classmethod
    def of_uid(cls, uid: int) -> "Account":
        """Return the account of a uid; KeyError where the system knows none."""
        entry = pwd.getpwuid(uid)
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def is_ours(self) -> bool:
        """Tell whether this is the account we run as, so that nothing needs to be switched."""
        return self.uid == os.geteuid()


def spawn(
    argv: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session; its output goes to the log, or to our own output without one."""
    switch = account if account is not None and not account.is_ours else None
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log is not None else None
        try:
            return subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
                # After the switch of account: the kernel forgets the setting when the uid changes.
                preexec_fn=_die_with_parent(death_signal),  # noqa: PLW1509  # prctl alone
                user=switch.uid if switch else None,
                group=switch.gid if switch else None,
                extra_groups=[] if switch else None,
            )
        except OSError as error:
            who = f" as {switch.name}" if switch else ""
            raise EmbeddedError(f"{argv[0]} cannot be started{who}: {error}") from error


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked, so no signal will come
            os._exit(1)

    return in_child


def adopt_orphans() -> None:
    """Make processes whose parent dies ours, so that none of our tree can get out of sight (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie that nobody has reaped yet."""
    stat = _stat(pid)
    if stat is not None:
        return stat[0] not in "ZX"
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def descendants(root: int) -> list[int]:
    """List every process below one, deepest last; empty where the system has no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        stat = _stat(int(entry.name))
        if stat is not None:
            children.setdefault(stat[1], []).append(int(entry.name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def _stat(pid: int) -> tuple[str, int] | None:
    """Return state letter and parent; the name before them is in brackets and may hold anything."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except (OSError, IndexError, ValueError):
        return None


def signal_group(pid: int, signum: signal.Signals) -> None:
    """Signal the process group that a spawned process leads; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


def last_lines(log: Path, count: int = 15) -> list[str]:
    """Return the end of a log file, for the terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
