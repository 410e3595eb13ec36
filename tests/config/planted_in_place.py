"""Faults of the deployment itself: each is planted for the length of a block, and taken back."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg

from tests import plugin
from tests.config.deployment import Deployment

Ground = Callable[[Deployment], AbstractContextManager[None]]


def sql(wrong: str, right: str) -> Ground:
    """A fault by a statement of a superuser, and the statement that takes it back."""

    @contextmanager
    def plant(deployment: Deployment) -> Iterator[None]:
        def own(statement: str) -> str:
            return statement.replace("patchbay_", f"{deployment.mark}_")

        for statement in filter(None, own(wrong).split(";")):
            deployment.superuser(statement)
        try:
            yield
        finally:
            for statement in filter(None, own(right).split(";")):
                deployment.superuser(statement)

    return plant


def stored(**changes: str) -> Ground:
    """Settings that were stored by `ensure_defaults`, as an operator does; the doctor has them too."""

    @contextmanager
    def plant(deployment: Deployment) -> Iterator[None]:
        before = dict(deployment.environment)
        values = {name: value.format(port=deployment.provider.port) for name, value in changes.items()}
        deployment.environment |= values
        try:
            assert deployment.manage("ensure_defaults").returncode == 0
            yield
        finally:
            deployment.environment = before
            assert deployment.manage("ensure_defaults").returncode == 0

    return plant


@contextmanager
def missing_migration(deployment: Deployment) -> Iterator[None]:
    """The newest migration of an app was not run; an app whose migrations do not stand for earlier ones as well."""
    row = "SELECT app, name FROM django_migrations WHERE app = 'usersessions' ORDER BY id DESC LIMIT 1"
    ((app, name),) = deployment.superuser(row)
    deployment.superuser(f"DELETE FROM django_migrations WHERE app = '{app}' AND name = '{name}'")
    try:
        yield
    finally:
        deployment.superuser(
            f"INSERT INTO django_migrations (app, name, applied) VALUES ('{app}', '{name}', now())"
        )


@contextmanager
def evicting_broker(deployment: Deployment) -> Iterator[None]:
    """A broker that throws messages away."""
    import redis

    with redis.Redis.from_url(deployment.broker.url) as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            yield
        finally:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "0")


@contextmanager
def silent_worker(deployment: Deployment) -> Iterator[None]:
    """A worker that hears nothing."""
    with deployment.standing_still("worker"):
        yield


@contextmanager
def silent_clock(deployment: Deployment) -> Iterator[None]:
    """A beat that stopped three minutes ago; the last bells are heard before the clock is set back."""
    with deployment.standing_still("beat"):
        time.sleep(1.0)
        deployment.superuser("UPDATE syncjobs_heartbeat SET at = now() - interval '3 minutes'")
        yield


@contextmanager
def job_that_nobody_takes(deployment: Deployment) -> Iterator[None]:
    """A due job whose row is held, as by a worker that hangs in its transaction."""
    assert plugin.CLUSTER is not None
    columns = {
        "id": "gen_random_uuid()",
        "tenant_id": "gen_random_uuid()",
        "environment_id": "gen_random_uuid()",
        "connection_id": "gen_random_uuid()",
        "kind": "'import'",
        "idempotency_key": "'doctor'",
        "state": "'queued'",
        "not_before": "now() - interval '1 hour'",
        "created_at": "now() - interval '1 hour'",
        "options": "'{}'",
        "cursor": "'{}'",
        **dict.fromkeys(("stage", "reason", "explanation", "worker"), "''"),
        **dict.fromkeys(
            ("fence", "attempts", "accepted", "created", "updated", "unchanged", "skipped", "rejected"), "0"
        ),
    }
    insert = f"INSERT INTO syncjobs_syncjob ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"
    with deployment.standing_still("worker"):
        holder = psycopg.connect(plugin.CLUSTER.superuser_url(deployment.mark))
        # Its workspace is nobody's: only a superuser may leave references out.
        holder.execute("SET session_replication_role = replica")
        holder.execute(insert.encode())
        holder.commit()
        holder.execute("SELECT 1 FROM syncjobs_syncjob FOR UPDATE")
    try:
        yield
    finally:
        holder.execute("DELETE FROM syncjobs_syncjob")
        holder.commit()
        holder.close()


@contextmanager
def message_that_nobody_sends(deployment: Deployment) -> Iterator[None]:
    """A due message whose row is held in the same way."""
    assert plugin.CLUSTER is not None
    hour_ago = "now() - interval '1 hour'"
    columns = {
        "id": "gen_random_uuid()",
        "kind": "'test_message'",
        '"to"': "'ada@example.com'",
        "subject": "'Late'",
        "state": "'queued'",
        "attempts": "0",
        "not_before": hour_ago,
        "created_at": hour_ago,
        **dict.fromkeys(("body_sealed", "reason", "last_error"), "''"),
    }
    insert = f"INSERT INTO connections_message ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"
    with deployment.standing_still("worker"):
        holder = psycopg.connect(plugin.CLUSTER.superuser_url(deployment.mark))
        holder.execute(insert.encode())
        holder.commit()
        holder.execute("SELECT 1 FROM connections_message FOR UPDATE")
    try:
        yield
    finally:
        holder.execute("DELETE FROM connections_message")
        holder.commit()
        holder.close()


@contextmanager
def secret_made_anew(deployment: Deployment) -> Iterator[None]:
    """Somebody made a new secret at the provider."""
    client_id = deployment.environment["CONSTANT_CONTACT_CLIENT_ID"]
    secret = deployment.environment["CONSTANT_CONTACT_CLIENT_SECRET"]
    deployment.simulator.ask(f"/_sim/apps/{client_id}", {"client_secret": "made-anew"}, "PUT")
    try:
        yield
    finally:
        deployment.simulator.ask(f"/_sim/apps/{client_id}", {"client_secret": secret}, "PUT")


@contextmanager
def token_endpoint_says(deployment: Deployment, says: bytes, status: int) -> Iterator[None]:
    """Something else answers in the provider's place."""
    front = deployment.provider
    front.says, front.status = says, status
    try:
        yield
    finally:
        front.says, front.status = None, 200


@contextmanager
def clock_ahead(deployment: Deployment) -> Iterator[None]:
    """The provider's clock and ours are two minutes apart."""
    deployment.provider.late_seconds = 120
    try:
        yield
    finally:
        deployment.provider.late_seconds = 0


@contextmanager
def stale_style(deployment: Deployment) -> Iterator[None]:
    """An upgrade without collectstatic."""
    there = Path(deployment.environment["PATCHBAY_DATA"]) / "static" / "css" / "patchbay.css"
    aside = there.with_suffix(".aside")
    there.rename(aside)
    try:
        yield
    finally:
        aside.rename(there)


@contextmanager
def nothing_stored(deployment: Deployment) -> Iterator[None]:
    """`ensure_defaults` was never run."""
    deployment.superuser("DELETE FROM connections_providerapp")
    try:
        yield
    finally:
        assert deployment.manage("ensure_defaults").returncode == 0


@contextmanager
def stopped_web_server(deployment: Deployment) -> Iterator[None]:
    """The proxy has nobody behind it."""
    port, deployment.front.target = deployment.front.target, 1
    deployment.front.says, deployment.front.status = b"Bad Gateway", 502
    try:
        yield
    finally:
        deployment.front.target, deployment.front.says, deployment.front.status = port, None, 200


IN_PLACE: dict[str, tuple[Ground, str, str]] = {
    "row security off": (
        sql(
            "ALTER TABLE connections_connection DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE connections_connection ENABLE ROW LEVEL SECURITY",
        ),
        "row-level security",
        "connections_connection",
    ),
    "row security not forced": (
        sql(
            "ALTER TABLE connections_apikey NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE connections_apikey FORCE ROW LEVEL SECURITY",
        ),
        "row-level security",
        "connections_apikey",
    ),
    "a migration missing": (missing_migration, "migrations", "1 migrations are missing"),
    "application owns a table": (
        sql("CREATE TABLE mine (id int);ALTER TABLE mine OWNER TO patchbay_app", "DROP TABLE mine"),
        "tables",
        "owns 1 tables",
    ),
    "application may become operator": (
        sql("GRANT patchbay_operator TO patchbay_app", "REVOKE patchbay_operator FROM patchbay_app"),
        "tables",
        "is a member of",
    ),
    "broker throws away": (evicting_broker, "broker", "allkeys-lru"),
    "worker hears nothing": (silent_worker, "worker", "No Celery worker"),
    "beat stands still": (silent_clock, "clock of jobs", "not been heard since"),
    "a job lies about": (job_that_nobody_takes, "due jobs", "the oldest for 60 minutes"),
    "a message lies about": (message_that_nobody_sends, "due jobs", "1 messages are due"),
    "secret made anew": (secret_made_anew, "client id and secret", "invalid_client"),
    "a page at the token endpoint": (
        lambda deployment: token_endpoint_says(deployment, b"<!doctype html><title>Welcome</title>", 200),
        "client id and secret",
        "not the token endpoint",
    ),
    "a fault at the token endpoint": (
        lambda deployment: token_endpoint_says(deployment, b"", 503),
        "client id and secret",
        "no answer to trust",
    ),
    "nobody at the token endpoint": (
        stored(CONSTANT_CONTACT_TOKEN_URL="https://localhost:1/oauth2/default/v1/token"),
        "provider's servers",
        "nothing listens",
    ),
    "no such path at the provider": (
        stored(CONSTANT_CONTACT_TOKEN_URL="https://localhost:{port}/wrong/token"),
        "client id and secret",
        "no answer to trust",
    ),
    "clocks apart": (clock_ahead, "clocks", "seconds apart"),
    "styles not collected": (stale_style, "static files", "css/patchbay.css"),
    "application not stored": (nothing_stored, "applications", "not stored yet"),
    "no web server behind the proxy": (stopped_web_server, "public address", "answers 502"),
}
