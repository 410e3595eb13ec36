"""PostgreSQL: the server, the three roles and what each may do, the second wall, the schema's age."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from config.doctor.findings import Check, Look
from connections.tenancy import RowSecurity

# Alias of Django's -> (its setting, what people call the role).
ROLES: Final = {
    "default": ("DATABASE_URL", "application"),
    "operator": ("DATABASE_OPERATOR_URL", "operators'"),
    "owner": ("DATABASE_OWNER_URL", "owner's"),
}
LEAST_VERSION: Final = 15
# Workers hold a connection or two a process, and the clock and a command at the terminal theirs.
SPARE: Final = 10
SQL: Final = "README, PostgreSQL, has the SQL."


@contextmanager
def opened(alias: str) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection of its own as one of the roles, which gives up soon and changes nothing."""
    parameters = connections[alias].get_connection_params()
    wanted = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if parameters.get(name)
    }
    extra = {name: value for name, value in parameters.items() if name.startswith("ssl")}
    options = "-c statement_timeout=5s -c default_transaction_read_only=on"
    with psycopg.connect(
        **wanted, **extra, connect_timeout=5, options=options, autocommit=True
    ) as connection:
        yield connection


def _one(alias: str, sql: LiteralString, *arguments: object) -> tuple[Any, ...]:
    with opened(alias) as connection:
        return connection.execute(sql, arguments).fetchone() or ()


def reachable(look: Look) -> None:
    """Each role can sign in."""
    for alias, (setting, people_say) in ROLES.items():
        if not getattr(settings.ENV, setting):
            look.fault(f"{setting} is not set.", f"Give the {people_say} role's address. {SQL}")
            continue
        try:
            with opened(alias):
                pass
        except psycopg.OperationalError as error:
            text = str(error).strip().splitlines()[0]
            look.fault(
                f"The {people_say} role cannot open the database: {text}",
                f"Correct {setting}, or start the server and let the role in. {SQL}",
            )


def server(look: Look) -> None:
    """Version, encoding, and room for our connections."""
    version, shown, encoding, most, kept = _one(
        "owner",
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'), "
        "pg_encoding_to_char(encoding), current_setting('max_connections')::int, "
        "current_setting('superuser_reserved_connections')::int FROM pg_database WHERE datname = current_database()",
    )
    look.note(f"PostgreSQL {shown}, {encoding}, {most} connections.")
    if version < LEAST_VERSION:
        look.fault(f"The server is PostgreSQL {shown}.", f"Move to PostgreSQL {LEAST_VERSION} or newer.")
    if encoding != "UTF8":
        look.fault(
            f"The database's encoding is {encoding}: names in other scripts cannot be kept.",
            "Make the database anew with ENCODING 'UTF8' TEMPLATE template0, and move the data there.",
        )
    size = settings.ENV.DATABASE_POOL_SIZE
    wanted = look.options.web_processes * (size + min(4, size)) + SPARE
    if wanted > most - kept:
        look.fault(
            f"{look.options.web_processes} web processes with DATABASE_POOL_SIZE={size}, and workers, may open "
            f"{wanted} connections, and the server allows {most - kept}.",
            "Raise max_connections of the server, or lower DATABASE_POOL_SIZE; --web-processes says how many you run.",
            stops=False,
        )


def roles(look: Look) -> None:
    """Three roles, each with exactly its rights."""
    names = {}
    for alias, (setting, people_say) in ROLES.items():
        name, superuser, bypasses = _one(
            alias, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        names[alias] = name
        should_bypass = alias == "operator"
        if superuser:
            look.fault(
                f"The {people_say} role {name} is a superuser: nothing holds it.",
                f"ALTER ROLE {name} NOSUPERUSER {'' if should_bypass else 'NO'}BYPASSRLS, or name another in "
                f"{setting}. {SQL}",
            )
        elif bypasses and not should_bypass:
            look.fault(
                f"The {people_say} role {name} passes by row-level security: one customer's rows are open to another's "
                "pages.",
                f"ALTER ROLE {name} NOBYPASSRLS, as a superuser.",
            )
        elif should_bypass and not bypasses:
            look.fault(
                f"The {people_say} role {name} is held by row-level security: the admin site and clean-up see nothing.",
                f"ALTER ROLE {name} BYPASSRLS, as a superuser.",
            )
    if len(set(names.values())) < len(names):
        look.fault(
            f"The three addresses name the roles {', '.join(names.values())}: they must be three different ones.",
            f"Make the roles that are missing, and name each in its setting. {SQL}",
        )


def tables(look: Look) -> None:
    """The owner owns every table, and the two serving roles may use them."""
    owner = _one("owner", "SELECT current_user")[0]
    for alias in ("default", "operator"):
        setting, people_say = ROLES[alias]
        name, owned, closed, above = _one(
            alias,
            "SELECT current_user, (SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = "
            "current_user), (SELECT string_agg(tablename, ', ' ORDER BY tablename) FROM pg_tables WHERE "
            "schemaname = 'public' AND NOT has_table_privilege(format('%%I.%%I', schemaname, tablename), 'SELECT')), "
            "(SELECT string_agg(rolname, ', ') FROM pg_roles WHERE rolname <> current_user AND (rolsuper OR "
            "rolbypassrls OR rolname = %s) AND pg_has_role(rolname, 'MEMBER'))",
            owner,
        )
        if owned:
            look.fault(
                f"The {people_say} role {name} owns {owned} tables, so it may switch their protection off.",
                f"As a superuser, for each: ALTER TABLE ... OWNER TO {owner}.",
            )
        if closed:
            look.fault(
                f"The {people_say} role {name} may not read {closed}.",
                f"As the owner: GRANT SELECT, INSERT, UPDATE, DELETE ON {closed} TO {name}; GRANT USAGE, SELECT ON ALL "
                f"SEQUENCES IN SCHEMA public TO {name}. Where the role of {setting} is new, this is what it lacks.",
            )
        if above:
            look.fault(
                f"The {people_say} role {name} is a member of {above}, and may act as that role.",
                f"As a superuser: REVOKE {above} FROM {name}.",
            )


def row_security(look: Look) -> None:
    """Every table of a workspace has its policy, enabled and forced."""
    wanted = {
        model._meta.db_table
        for model in apps.get_models()
        if any(isinstance(constraint, RowSecurity) for constraint in model._meta.constraints)
    }
    with opened("owner") as connection:
        held = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND "
            "relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = "
            "'tenant_rows')"
        ).fetchall()
    look.note(f"{len(wanted)} tables hold rows of a workspace.")
    if open_ones := sorted(wanted - {name for (name,) in held}):
        look.fault(
            f"Row-level security is not on and forced on {', '.join(open_ones)}.",
            "As the owner, for each table: ALTER TABLE ... ENABLE ROW LEVEL SECURITY and ALTER TABLE ... FORCE ROW "
            "LEVEL SECURITY. Where the policy tenant_rows is gone as well, restore it from the migrations.",
            stops=False,
        )


def migrations(look: Look) -> None:
    """The schema is this version's."""
    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        look.fault(
            f"{len(plan)} migrations are missing, the first is {plan[0][0].app_label}.{plan[0][0].name}.",
            "Run manage.py migrate --database owner, then restart every process.",
        )


def drift(ours: datetime, theirs: datetime) -> timedelta:
    """How far apart two clocks are."""
    return abs(ours - theirs)


def database_clock() -> timedelta:
    """How far the database's clock is from ours, the way there and back taken into account."""
    with opened("owner") as connection:
        before = datetime.now(UTC)
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = datetime.now(UTC)
    assert row is not None
    return drift(before + (after - before) / 2, row[0])


CHECKS = (
    Check("database", "The three roles can sign in at PostgreSQL.", reachable),
    Check(
        "database server",
        "Its version, its encoding, and room for our connections.",
        server,
        needs=("database",),
    ),
    Check("database roles", "Each role has exactly its rights.", roles, needs=("database server",)),
    Check("migrations", "The schema is this version's.", migrations, needs=("database roles",)),
    Check("tables", "The owner owns them, and the other roles may use them.", tables, needs=("migrations",)),
    Check(
        "row-level security",
        "On and forced for every workspace's rows.",
        row_security,
        needs=("migrations",),
    ),
)
