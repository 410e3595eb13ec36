"""What every test run stands on: a real PostgreSQL with a database of its own, and Patchbay's settings for it.

Loaded before anything else (`-p tests.plugin`), because settings are read once. The database is migrated by the
owner's role into a template that the run's processes share; tests run as the application's role.
"""

import gc
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from config.embedded import datafolder, throwaway
from config.embedded.throwaway import ThrowawayCluster

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# What the processes of a run share, and later runs find.
FOLDER = (
    Path(tempfile.gettempdir())
    / f"patchbay-tests-{os.getuid()}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
)
CLUSTER: ThrowawayCluster | None = None
DATABASE: "Future[None] | None" = None

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# Nothing of the machine's own environment may decide what the tests see.
for name in (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_OPERATOR_URL",
    "BROKER_URL",
    "PUBLIC_URL",
    "DEPLOYMENT",
    "EMAIL_URL",
    "EMAIL_FROM",
    "EMAIL_OFF",
    "PGPORT",
    # Hundreds of processes that each compile all of the code anew take half of the suite's time.
    "PYTHONDONTWRITEBYTECODE",
):
    os.environ.pop(name, None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Start or adopt the services before Django reads its settings."""
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        return  # the xdist controller runs no test
    gc.disable()  # until all is loaded, since next to nothing of it is garbage
    begin()


def pytest_collection_finish(session: pytest.Session) -> None:
    """The tests are known: they may run as soon as the database is there."""
    # What is loaded by now stays to the end: to look through it for garbage takes an eighth of a test's time.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    if DATABASE is not None:
        DATABASE.result()


# Which browser tests stay on one process: each process that has one of them starts a whole Patchbay for them.
PAGES = re.compile(r"tests/browser/test_(pages|everywhere|home|docs|mail)\.py")
OTHER_WALKS = "tests/browser/"


class Scheduling(LoadScopeScheduling):
    """A module stays on one process, with what it has started; the browser's modules on two."""

    def _split_scope(self, nodeid: str) -> str:
        if PAGES.match(nodeid):
            return PAGES.pattern
        if nodeid.startswith(OTHER_WALKS):
            return OTHER_WALKS
        scope: str = super()._split_scope(nodeid)
        return scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """How tests are shared out among processes."""
    return Scheduling(config, log)


def set_up() -> None:
    """Database, environment and Django for this process."""
    begin().result()


def begin() -> "Future[None]":
    """Environment and Django, at once; and the database, which is made while the tests are collected."""
    global CLUSTER, DATABASE  # noqa: PLW0603  # one cluster a process, kept for its end
    cluster = CLUSTER = throwaway.open_cluster(FOLDER)
    name = f"test_{WORKER}_{os.getpid()}"
    os.environ.update(
        DATABASE_URL=cluster.app_url(name),
        DATABASE_OWNER_URL=cluster.owner_url(name),
        DATABASE_OPERATOR_URL=cluster.operator_url(name),
        DATABASE_POOL_SIZE="8",
        PATCHBAY_DATA=str(FOLDER / "data"),
        BROKER_URL="redis://127.0.0.1:1/0",
        PUBLIC_URL="http://patchbay.localhost:8000",
        LOG_LEVEL="WARNING",
        # The pace of the provider is proved where whole runs are; here it would only be waited for.
        CALLS_PER_SECOND="100",
        API_TOKEN_CALLS_PER_WINDOW="100000",
        ACCOUNT_CALLS_PER_WINDOW="100000",
        ACTIVITY_SECONDS="0.3",
        RECONCILE_SECONDS="3",
    )
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    # Each test client has middleware of its own, which would else go through every static file at its start.
    settings.WHITENOISE_AUTOREFRESH = True

    # Hashing a password is slow on purpose; how slow is nothing that a test in this process looks at.
    PBKDF2PasswordHasher.iterations = 1_000
    DATABASE = ThreadPoolExecutor(1).submit(
        lambda: cluster.create_database(name, template=_template(cluster))
    )
    return DATABASE


def migrations_digest() -> str:
    """The state of the migrations, in twelve characters."""
    digest = hashlib.sha256()
    for path in [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "connections" / "tenancy.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _template(cluster: ThrowawayCluster) -> str:
    """A migrated database, made once for this state of the migrations and copied by every process."""
    name = f"template_{migrations_digest()}"
    with datafolder.locked(FOLDER / "template.lock", wait=True):
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
            if superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
        cluster.drop_database("building")
        cluster.create_database("building")
        migrate(cluster.app_url("building"), cluster.owner_url("building"), cluster.operator_url("building"))
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
            superuser.execute(f'ALTER DATABASE building RENAME TO "{name}"')
    return name


def migrate(app_url: str, owner_url: str, operator_url: str) -> None:
    """Apply every migration to a database, in a process of its own."""
    urls = {"DATABASE_URL": app_url, "DATABASE_OWNER_URL": owner_url, "DATABASE_OPERATOR_URL": operator_url}
    command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--no-input", "-v0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **urls}, check=True)


def superuser_url() -> str:
    """This process's database, as who may do anything: for emptying tables between tests, never for a test itself."""
    assert CLUSTER is not None
    return CLUSTER.superuser_url(f"test_{WORKER}_{os.getpid()}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the database go."""
    take_down()


def take_down() -> None:
    """The end of what `set_up` began."""
    if CLUSTER is not None and DATABASE is not None:
        from django.db import connections

        wait([DATABASE])
        for connection in connections.all(initialized_only=True):
            connection.close()
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close_pool()  # type: ignore[attr-defined]  # newer than the stubs
        CLUSTER.drop_database(f"test_{WORKER}_{os.getpid()}")
        CLUSTER.close()
