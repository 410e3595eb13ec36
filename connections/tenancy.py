"""The second wall: PostgreSQL's row-level security, and the context that opens it for one workspace.

Every table with a tenant carries ENABLE + FORCE and a policy with USING and WITH CHECK, put there by
`RowSecurity` in its migrations; references between such tables carry the tenant (`SameTenant`). The context
is (workspace, environment), set for one transaction; without it the application's role sees no row.

What must be found before its workspace is known goes through these SECURITY DEFINER functions, which return
ids only (`FINDERS`):

    find_memberships(user id)         -> workspaces of a person
    find_api_key(public prefix)       -> workspace, environment, key
    find_link_state(digest)           -> workspace, environment, state
    find_link_token(digest)           -> workspace, environment, link token
    find_invitation(digest)           -> workspace, invitation
    find_due_jobs(limit)              -> workspace, environment, job
    find_due_tokens(limit)            -> workspace, environment, connection
    find_due_deliveries(limit, time)  -> workspace, environment, webhook
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint

from connections.prepared import Rows, Statement, answers, message

FINDERS = (
    "find_memberships",
    "find_api_key",
    "find_link_state",
    "find_link_token",
    "find_invitation",
    "find_due_jobs",
    "find_due_tokens",
    "find_due_deliveries",
)


@dataclass(frozen=True)
class Context:
    """Whose rows are open: a workspace, and one of its environments unless only the workspace is meant."""

    tenant_id: UUID
    environment_id: UUID | None = None


_current: ContextVar[Context | None] = ContextVar("tenancy", default=None)


def current() -> Context | None:
    """The context of the running transaction, or None."""
    return _current.get()


@contextmanager
def acting_for(tenant_id: UUID, environment_id: UUID | None = None) -> Iterator[Context]:
    """A transaction in which the rows of this workspace (and environment) are open, and no others.

    Nested blocks put the outer context back. An error rolls the block back, and its context with it.
    """
    context = Context(tenant_id, environment_id)
    outer = _current.get()
    nested = connection.in_atomic_block
    with transaction.atomic():
        _set(context)
        token = _current.set(context)
        try:
            yield context
        finally:
            _current.reset(token)
        if nested:
            _set(outer)


def _set(context: Context | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET, _names(context))


_SET = "SELECT set_config('app.tenant', %s, true), set_config('app.environment', %s, true)"
# Losing the last of it in a crash of the database would harm nobody.
_LIGHTLY = ", set_config('synchronous_commit', 'off', true)"


def _names(context: Context | None) -> list[str]:
    if context is None:
        return ["", ""]
    return [str(context.tenant_id), str(context.environment_id or "")]


def at_once(context: Context, *statements: Statement, lightly: bool = False) -> list[Rows]:
    """Statements in one message to the database, which is a transaction by itself: what each answers.

    For whoever is waited for: `acting_for` takes a message for its beginning, its context and its end besides.

    Args:
        statements: each with its values.
        lightly: the commit need not outlive a crash of the database.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block:
        with acting_for(context.tenant_id, context.environment_id), database.cursor() as cursor:
            cursor.execute(message(cursor, *statements))
            return answers(cursor)
    first = (_SET + (_LIGHTLY if lightly else ""), _names(context))
    with database.cursor() as cursor:
        cursor.execute(message(cursor, first, *statements))
        return answers(cursor)[1:]


def find(function: str, *arguments: Any) -> list[tuple[UUID, ...]]:  # Any: whatever SQL takes
    """Rows of ids from one of the FINDERS, the only way to look across workspaces."""
    if function not in FINDERS:
        raise ValueError(f"{function} is not one of the named finders")
    marks = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}({marks})", arguments)  # noqa: S608  # the name is from FINDERS
        return [tuple(row) for row in cursor.fetchall()]


class RowSecurity(BaseConstraint):
    """Row-level security of one table, written into its migration.

    Args:
        scope: `environment` (tenant and environment must match), `tenant` (rows of the whole workspace),
            `self` (the workspace's own row) or `shared` (a row without tenant is seen by every workspace and
            written by none).
        findable: the table's owner may read it inside the FINDERS.
    """

    CONDITIONS = {
        "environment": "tenant_id = (SELECT app_tenant()) AND environment_id = (SELECT app_environment())",
        "tenant": "tenant_id = (SELECT app_tenant())",
        "self": "id = (SELECT app_tenant())",
        "shared": "tenant_id = (SELECT app_tenant())",
    }

    def __init__(self, *, name: str, scope: str = "environment", findable: bool = False) -> None:
        super().__init__(name=name)
        self.scope = scope
        self.findable = findable

    def _statements(self, table: str) -> list[str]:
        condition = self.CONDITIONS[self.scope]
        seen = (
            f"({condition}) OR (tenant_id IS NULL AND (SELECT app_tenant()) IS NOT NULL)"
            if self.scope == "shared"
            else condition
        )
        statements = [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        ]
        if self.scope == "shared":
            statements.append(f'CREATE POLICY shared_rows ON "{table}" FOR SELECT USING ({seen})')
        statements.append(
            f'CREATE POLICY tenant_rows ON "{table}" USING ({condition}) WITH CHECK ({condition})'
        )
        if self.findable:
            statements.append(
                f'CREATE POLICY finders ON "{table}" FOR SELECT TO CURRENT_USER '
                "USING (current_setting('app.finding', true) = 'on')"
            )
        return statements

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Nothing inline; the statements follow the table."""
        assert model is not None
        assert schema_editor is not None
        schema_editor.deferred_sql.extend(self._statements(model._meta.db_table))

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Nothing at once either; a migration may name a constraint before what it needs."""
        self.constraint_sql(model, schema_editor)

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Open the table again (used only while a migration replaces the policies)."""
        assert model is not None
        table = model._meta.db_table
        drops = "; ".join(
            f'DROP POLICY IF EXISTS {name} ON "{table}"' for name in ("tenant_rows", "shared_rows", "finders")
        )
        return f'{drops}; ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY'

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        """The database decides."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For migrations."""
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, "scope": self.scope, "findable": self.findable}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowSecurity) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.scope, self.findable))


class SameTenant(BaseConstraint):
    """A foreign key that carries the tenant, so that no row can point into another workspace.

    Foreign key checks pass by row-level security; only a composite key keeps them apart. The Django field
    has `db_constraint=False`; this constraint is its real one.

    Args:
        columns: local columns, e.g. ("tenant_id", "environment_id", "connection_id").
        table: the table they point to.
        targets: its columns, e.g. ("tenant_id", "environment_id", "id").
        on_delete: CASCADE, RESTRICT or `SET NULL (column)`.
    """

    def __init__(
        self,
        *,
        name: str,
        columns: Sequence[str],
        table: str,
        targets: Sequence[str] = (),
        on_delete: str = "CASCADE",
    ) -> None:
        super().__init__(name=name)
        self.columns = tuple(columns)
        self.table = table
        self.targets = tuple(targets) or ("tenant_id", "environment_id", "id")
        self.on_delete = on_delete

    def _statement(self, table: str) -> str:
        local = ", ".join(f'"{column}"' for column in self.columns)
        remote = ", ".join(f'"{column}"' for column in self.targets)
        return (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{self.name}" FOREIGN KEY ({local}) '
            f'REFERENCES "{self.table}" ({remote}) ON DELETE {self.on_delete}'
        )

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Nothing inline; the key follows when both tables stand."""
        assert model is not None
        assert schema_editor is not None
        schema_editor.deferred_sql.append(self._statement(model._meta.db_table))

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """At the end of the migration, when the unique key it points to stands."""
        self.constraint_sql(model, schema_editor)

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Drop it."""
        assert model is not None
        return f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT "{self.name}"'

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        """The database decides."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For migrations."""
        path, args, kwargs = super().deconstruct()
        own = {
            "columns": self.columns,
            "table": self.table,
            "targets": self.targets,
            "on_delete": self.on_delete,
        }
        return path, tuple(args), {**kwargs, **own}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameTenant) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.columns, self.table))


def in_environment(label: str, *references: tuple[str, str], findable: bool = False) -> list[BaseConstraint]:
    """The constraints that every table below an environment has.

    Args:
        label: the table's name without its app, for constraint names.
        references: (local column, table) of each reference to another such table.
    """
    same = [
        SameTenant(
            name=f"{label}_same_environment",
            columns=("tenant_id", "environment_id"),
            table="connections_environment",
            targets=("tenant_id", "id"),
        )
    ]
    for column, table in references:
        same.append(
            SameTenant(
                name=f"{label}_{column.removesuffix('_id')}_same_tenant",
                columns=("tenant_id", "environment_id", column),
                table=table,
            )
        )
    return [RowSecurity(name=f"{label}_row_security", findable=findable), *same]


def unique_within_tenant(label: str) -> models.UniqueConstraint:
    """What composite keys point to."""
    return models.UniqueConstraint(fields=["tenant", "environment", "id"], name=f"{label}_within_tenant")


def application_roles() -> tuple[str, str]:
    """Names of the application's and the operators' role, for grants in migrations."""
    return settings.DATABASES["default"].get("USER", ""), settings.DATABASES["operator"].get("USER", "")
