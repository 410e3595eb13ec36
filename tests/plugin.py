"""What every test run stands on: a real PostgreSQL with a database of its own, and Patchbay's settings for it.

Loaded before anything else (`-p tests.plugin`), because settings are read once. The database is migrated by the
owner's role into a template that the run's processes share; tests run as the application's role.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from config.embedded import datafolder, throwaway
from config.embedded.throwaway import ThrowawayCluster

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
CLUSTER: ThrowawayCluster | None = None

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# Nothing of the machine's own environment may decide what the tests see.
for name in (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_OPERATOR_URL",
    "BROKER_URL",
    "PUBLIC_URL",
    "DEPLOYMENT",
    "PGPORT",
):
    os.environ.pop(name, None)


def pytest_configure(config: pytest.Config) -> None:
    """Start or adopt the services before Django reads its settings."""
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        return  # the xdist controller runs no test
    set_up()


def set_up() -> None:
    """Database, environment and Django for this process."""
    global CLUSTER  # noqa: PLW0603  # one cluster a process, kept for its end
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"patchbay-tests-{os.getuid()}-{place}"
    cluster = CLUSTER = throwaway.open_cluster(folder)
    name = f"test_{WORKER}_{os.getpid()}"
    template = _template(cluster, folder)
    cluster.create_database(name, template=template)
    os.environ.update(
        DATABASE_URL=cluster.app_url(name),
        DATABASE_OWNER_URL=cluster.owner_url(name),
        DATABASE_OPERATOR_URL=cluster.operator_url(name),
        DATABASE_POOL_SIZE="8",
        PATCHBAY_DATA=str(folder / "data"),
        BROKER_URL="redis://127.0.0.1:1/0",
        PUBLIC_URL="http://patchbay.localhost:8000",
        LOG_LEVEL="WARNING",
        # The pace of the provider is proved where whole runs are; here it would only be waited for.
        CALLS_PER_SECOND="100",
        ACTIVITY_SECONDS="0.3",
    )
    import django

    django.setup()


def _template(cluster: ThrowawayCluster, folder: Path) -> str:
    """A migrated database, made once for this state of the migrations and copied by every process."""
    digest = hashlib.sha256()
    for path in [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "connections" / "tenancy.py"]:
        digest.update(path.read_bytes())
    name = f"template_{digest.hexdigest()[:12]}"
    with datafolder.locked(folder / "template.lock", wait=True):
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
            if superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
        cluster.drop_database("building")
        cluster.create_database("building")
        environment = {
            **os.environ,
            "DATABASE_URL": cluster.app_url("building"),
            "DATABASE_OWNER_URL": cluster.owner_url("building"),
            "DATABASE_OPERATOR_URL": cluster.operator_url("building"),
        }
        command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--no-input", "-v0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
            superuser.execute(f'ALTER DATABASE building RENAME TO "{name}"')
    return name


def superuser_url() -> str:
    """This process's database, as who may do anything: for emptying tables between tests, never for a test itself."""
    assert CLUSTER is not None
    return CLUSTER.superuser_url(f"test_{WORKER}_{os.getpid()}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the database go."""
    if CLUSTER is not None:
        from django.db import connections

        for connection in connections.all(initialized_only=True):
            connection.close()
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close_pool()  # type: ignore[attr-defined]
        CLUSTER.drop_database(f"test_{WORKER}_{os.getpid()}")
        CLUSTER.close()
