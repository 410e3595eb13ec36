"""A data folder whose database is migrated, made once for this state of the migrations and copied from then on.

For tests that need a whole Patchbay and are not about its first start; `tests/first_run` makes its own from nothing.
"""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from config.embedded import datafolder, roles
from config.embedded.placement import place
from config.embedded.postgres import SUPERUSER, Server
from tests import plugin
from tests.harness import open_folder, until


@contextlib.contextmanager
def open_migrated_folder() -> Iterator[Path]:
    """A folder that is gone at the end, with a `data` in it that `manage.py up` goes on with."""
    with open_folder() as folder:
        _copy_to(folder / "data")
        yield folder


def _copy_to(data: Path) -> None:
    prepared = plugin.FOLDER / f"prepared-{plugin.migrations_digest()}"
    with datafolder.locked(plugin.FOLDER / "prepared.lock", wait=True):
        if not prepared.exists():
            for older in plugin.FOLDER.glob("prepared-*/"):
                shutil.rmtree(older)
            _make(prepared)
        # Not by Python: the database's files may belong to another account.
        subprocess.run(["cp", "-a", str(prepared), str(data)], check=True)


def _make(prepared: Path) -> None:
    """Under another name until it is whole."""
    half = datafolder.prepare(prepared.with_name("preparing"))
    secrets, placement = datafolder.load_secrets(half), place(half)
    server = Server(placement, half / "postgres.log", secrets[roles.PASSWORD_NAMES[SUPERUSER]], fast=True)
    server.prepare()
    process = server.spawn()
    try:
        until(server.is_ready, 60, "the database to prepare")

        def url(role: str, database: str = roles.DATABASE) -> str:
            return roles.database_url(role, secrets[roles.PASSWORD_NAMES[role]], placement.socket, database)

        roles.set_up_roles(url(SUPERUSER, "postgres"), secrets)
        roles.set_up_database(url(SUPERUSER, "postgres"), roles.DATABASE, url(SUPERUSER))
        plugin.migrate(url(roles.APP), url(roles.OWNER), url(roles.OPERATOR))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    shutil.rmtree(placement.socket)
    half.rename(prepared)
