"""A data folder: its lock, its secrets, and private files written whole or not at all.

Promises: secrets are made once per folder and reused; a file written here is readable by its owner only from
the first byte on, and never seen half-written; one process at a time holds a folder's lock, also after a
crash of the last holder.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from config.embedded import EmbeddedError

PASSWORDS = ("postgres_password", "owner_password", "app_password", "operator_password", "broker_password")


def prepare(folder: Path) -> Path:
    """Make the folder if it is missing and see that we can write to it; an existing one keeps its mode."""
    folder = folder.absolute()
    try:
        # Ours to make: others may pass through (root's database account must), none may list it.
        created = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        if created:
            folder.chmod(0o711)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise EmbeddedError(
            f"The data folder {folder} cannot be written ({reason}); name another with --data."
        ) from error
    return folder


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock file exclusively; yields False at once when it is taken and we should not wait."""
    with open_lock(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def open_lock(path: Path) -> IO[str]:
    """Open a lock file without touching what it says; closing it lets the lock go."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Write a 0600 file in one move. mkstemp opens with O_EXCL, so nobody's prepared link is followed."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_secrets(folder: Path) -> dict[str, str]:
    """Return the folder's secrets, making those it does not have yet."""
    path = folder / "secrets.json"
    try:
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise EmbeddedError(
            f"{path} cannot be read ({error}); put back a copy of it, or start with another --data folder."
        ) from error
    wanted = {name: secrets.token_urlsafe(24) for name in PASSWORDS}
    wanted["secret_key"] = secrets.token_urlsafe(48)
    wanted["secrets_keys"] = "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    if missing := {name: value for name, value in wanted.items() if name not in known}:
        known |= missing
        write_private_json(path, known)
    return known
