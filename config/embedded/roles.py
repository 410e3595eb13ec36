"""The database's roles and what each may do, and the URLs that name them.

The owner migrates, the application's role is held by row-level security, the operators' role (admin site,
sweeps across tenants) is not. Promises: running it again changes nothing but the passwords, and grants come
by default privileges before the first table exists, so no migration has to think of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from config.embedded.postgres import PORT, SUPERUSER

if TYPE_CHECKING:
    import psycopg

DATABASE = "patchbay"
OWNER, APP, OPERATOR = "patchbay_owner", "patchbay_app", "patchbay_operator"
ATTRIBUTES = {
    OWNER: "LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB NOCREATEROLE NOREPLICATION",
    APP: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION",
    OPERATOR: "LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION",
}
PASSWORD_NAMES = {
    SUPERUSER: "postgres_password",
    OWNER: "owner_password",
    APP: "app_password",
    OPERATOR: "operator_password",
}


def database_url(role: str, password: str, socket: Path, database: str = DATABASE) -> str:
    """Build a URL whose host is the socket's folder.

    Parsers take the host of a URL to be case-insensitive and lower it, so capitals are escaped too.
    """
    host = "".join(
        f"%{ord(c):02X}" if c.isupper() and c.isascii() else quote(c, safe="") for c in str(socket)
    )
    return f"postgresql://{role}:{quote(password, safe='')}@{host}/{quote(database, safe='')}"


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Open an autocommit connection for administration, whatever PGPORT says."""
    import psycopg

    return psycopg.connect(url, autocommit=True, connect_timeout=10, port=PORT)


def set_up_roles(superuser_url: str, secrets: Mapping[str, str]) -> None:
    """Make the three roles with exactly their attributes and passwords."""
    from psycopg import sql

    with connect(superuser_url) as connection:
        for role, attributes in ATTRIBUTES.items():
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            # Hashed on this side, so that the password in the clear cannot reach the server's log.
            hashed = connection.pgconn.encrypt_password(
                secrets[PASSWORD_NAMES[role]].encode(), role.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("{verb} ROLE {role} {attributes} PASSWORD {password}").format(
                    verb=sql.SQL("ALTER" if known else "CREATE"),
                    role=sql.Identifier(role),
                    attributes=sql.SQL(attributes),
                    password=sql.Literal(hashed.decode()),
                )
            )
        # The owner's membership lets tests take the application's place by SET ROLE.
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))


def set_up_database(
    superuser_url: str, name: str, database_superuser_url: str, template: str | None = None
) -> None:
    """Make a database of the owner's, if it is missing, with the grants that every later table inherits."""
    from psycopg import sql

    database, owner = sql.Identifier(name), sql.Identifier(OWNER)
    both = sql.SQL("{}, {}").format(sql.Identifier(APP), sql.Identifier(OPERATOR))
    with connect(superuser_url) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    database, owner, sql.Identifier(template or "template1")
                )
            )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, both))
    with connect(database_superuser_url) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(both))
        for grant in (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES",
            "GRANT USAGE, SELECT ON SEQUENCES",
        ):
            connection.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public {} TO {}").format(
                    owner, sql.SQL(grant), both
                )
            )


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    from psycopg import sql

    with connect(superuser_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
