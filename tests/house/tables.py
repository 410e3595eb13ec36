"""The tables of the schema by whose their rows are, and raw SQL as each of the three roles."""

from collections.abc import Iterator
from typing import Any

from django.db import connections, models

from tests.house.furnish import tenant_models

TABLES = {model._meta.db_table: model for model in tenant_models()}
BELOW_ENVIRONMENT = [
    table
    for table, model in TABLES.items()
    if any(field.name == "environment" for field in model._meta.fields)
]
# Added to by one function of the database, changed by none, read like any other.
APPEND_ONLY = {"connections_auditevent", "connections_audithead"}
# Rows are added by the application, and neither changed nor taken away by it.
ADDED_TO = {"mapping_consententry"}
# The deployment's own applications have no workspace, so a key that carries the tenant cannot hold these.
SHARED = {"connections_providerapp"}


def ask(sql: str, arguments: Any = (), alias: str = "default") -> list[tuple[Any, ...]]:
    """Raw SQL as the role of this alias."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else []


def count(table: str, alias: str = "default") -> int:
    """How many rows this role sees."""
    return int(ask(f'SELECT count(*) FROM "{table}"', alias=alias)[0][0])


def owner_role() -> str:
    """Who owns the tables."""
    return str(ask("SELECT current_user", alias="owner")[0][0])


def references() -> Iterator[tuple[str, str, str]]:
    """(table, column, target table) of every reference from one workspace's table to another's."""
    for table, model in TABLES.items():
        for field in model._meta.fields:
            target = field.related_model._meta.db_table if isinstance(field, models.ForeignKey) else ""
            if target in TABLES and target not in {"connections_tenant", *SHARED}:
                yield table, str(field.column), target
