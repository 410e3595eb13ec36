"""The second wall, table by table: what PostgreSQL itself keeps apart, whatever the code above it forgets."""

import uuid
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import (
    DatabaseError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    connections,
    models,
    transaction,
)

from connections import tenancy
from connections.models import Connection, ProviderApp, Tenant
from tests.house.furnish import Two, tenant_models

pytestmark = pytest.mark.xdist_group("two")
TABLES = {model._meta.db_table: model for model in tenant_models()}
BELOW_ENVIRONMENT = [
    table
    for table, model in TABLES.items()
    if any(field.name == "environment" for field in model._meta.fields)
]
# Rows here belong to no workspace, or are seen by all.
WITHOUT_TENANT = {
    "connections_user": "people, who may be in several workspaces",
    "connections_user_groups": "operators' rights",
    "connections_user_user_permissions": "operators' rights",
    "connections_quotapool": "the limits of one application, shared by its workspaces",
    "connections_quotaday": "what a pool has spent",
    "connections_quotaslot": "a pool's places a second",
    "account_emailaddress": "a person's addresses, by sign-in",
    "account_emailconfirmation": "the same",
    "auth_group": "operators' rights",
    "auth_group_permissions": "operators' rights",
    "auth_permission": "operators' rights",
    "django_admin_log": "what operators did",
    "django_content_type": "names of tables",
    "django_migrations": "the schema's own history",
    "django_session": "sign-ins, by an unguessable key",
}
# The deployment's own applications have no workspace, so a key that carries the tenant cannot hold these.
SHARED = {"connections_providerapp"}
# Looked up before the workspace is known; unguessable, so that being refused one tells nothing.
UNIQUE_EVERYWHERE = {("connections_apikey", ("prefix",)), ("connections_linkstate", ("digest",))}
FINDER_SAMPLES: dict[str, str] = {
    "find_memberships": "SELECT user_id FROM connections_membership WHERE tenant_id = %s",
    "find_api_key": "SELECT prefix FROM connections_apikey WHERE tenant_id = %s",
    "find_link_state": "SELECT digest FROM connections_linkstate WHERE tenant_id = %s",
    "find_due_jobs": "SELECT 100",
}


def ask(sql: str, arguments: Any = (), alias: str = "default") -> list[tuple[Any, ...]]:
    """Raw SQL as the role of this alias."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else []


def count(table: str, alias: str = "default") -> int:
    """How many rows this role sees."""
    return int(ask(f'SELECT count(*) FROM "{table}"', alias=alias)[0][0])


# --- What stands in the catalog ------------------------------------------------------------------------------


def test_every_table_is_a_workspaces_or_named_as_none() -> None:
    every = {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    held = {
        name
        for (name,) in ask(
            "SELECT table_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name = 'tenant_id'"
        )
    }
    assert held | {"connections_tenant"} == set(TABLES)
    assert every - set(TABLES) == set(WITHOUT_TENANT)


@pytest.mark.parametrize("table", TABLES)
def test_row_security_is_on_and_forced(table: str) -> None:
    found = ask(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [f'"{table}"']
    )
    assert found == [(True, True)]


@pytest.mark.parametrize("table", TABLES)
def test_policies_hold_reading_and_writing(table: str) -> None:
    policies = ask(
        "SELECT policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies WHERE tablename = %s",
        [table],
    )
    # A restrictive policy can only take away more.
    writing = [row for row in policies if row[3] != "SELECT" and row[1] == "PERMISSIVE"]
    assert [(row[0], row[1], row[2], row[3]) for row in writing] == [
        ("tenant_rows", "PERMISSIVE", ["public"], "ALL")
    ]
    _, _, _, _, using, check = writing[0]
    wanted = ["app_tenant()", "app_environment()"] if table in BELOW_ENVIRONMENT else ["app_tenant()"]
    for condition in (using, check):
        assert condition is not None
        assert all(word in condition for word in wanted)
    for name, _, roles, _, _, _ in (row for row in policies if row[3] == "SELECT"):
        assert name in {"finders", "shared_rows"}
        if name == "finders":
            assert roles == [owner_role()], "only the finders' own role reads through it"
        else:
            assert table in SHARED


def owner_role() -> str:
    """Who owns the tables."""
    return str(ask("SELECT current_user", alias="owner")[0][0])


def references() -> Iterator[tuple[str, str, str]]:
    """(table, column, target table) of every reference from one workspace's table to another's."""
    for table, model in TABLES.items():
        for field in model._meta.fields:
            target = field.related_model._meta.db_table if isinstance(field, models.ForeignKey) else ""
            if target in TABLES and target not in {"connections_tenant", *SHARED}:
                yield table, field.column, target


@pytest.mark.parametrize(("table", "column", "target"), list(references()))
def test_a_reference_carries_the_tenant(table: str, column: str, target: str) -> None:
    keys = ask(
        """
        SELECT (SELECT array_agg(attname::text ORDER BY place)
                FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
                JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number),
               (SELECT array_agg(attname::text ORDER BY place)
                FROM unnest(c.confkey) WITH ORDINALITY AS k(number, place)
                JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number),
               c.convalidated, c.condeferrable
        FROM pg_constraint c WHERE contype = 'f' AND conrelid = %s::regclass AND confrelid = %s::regclass
        """,
        [f'"{table}"', f'"{target}"'],
    )
    mine = [row for row in keys if column in row[0]]
    assert mine, f"{table}.{column} is held by no foreign key"
    for local, remote, validated, _ in mine:
        pairs = dict(zip(local, remote, strict=True))
        assert pairs["tenant_id"] == "tenant_id"
        assert pairs[column] == "id" or target == "connections_connectiontoken"
        assert target == "connections_environment" or pairs["environment_id"] == "environment_id"
        assert validated


def test_no_reference_goes_round_the_tenant() -> None:
    keys = ask(
        """
        SELECT conrelid::regclass::text, confrelid::regclass::text, conname, array_length(conkey, 1)
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
        """
    )
    inside = [
        row for row in keys if row[0] in TABLES and row[1] in set(TABLES) - {"connections_tenant", *SHARED}
    ]
    assert inside
    assert not [row for row in inside if row[3] < 2]


def test_a_unique_key_tells_nothing_of_other_workspaces() -> None:
    """An index without the tenant would answer whether somebody else has the value."""
    indexes = ask(
        """
        SELECT i.indrelid::regclass::text, (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = i.indrelid AND attnum = ANY(i.indkey)), i.indisprimary
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
        """
    )
    parents = {(table, column) for table, column, _ in references()}
    for table, columns, primary in indexes:
        if (
            table not in TABLES
            or primary
            or "tenant_id" in columns
            or (table, tuple(columns)) in UNIQUE_EVERYWHERE
        ):
            continue
        assert any((table, column) in parents for column in columns), f"{table} {columns}"


# --- The roles -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alias", "bypasses"), [("default", False), ("operator", True), ("owner", False)])
def test_roles_are_what_they_should_be(alias: str, bypasses: bool) -> None:
    found = ask(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user",
        alias=alias,
    )
    assert found == [(False, bypasses, False, False)]


@pytest.mark.parametrize("alias", ["default", "operator"])
def test_a_role_that_serves_owns_nothing(alias: str) -> None:
    assert ask("SELECT relname FROM pg_class WHERE relowner = current_user::regrole", alias=alias) == []
    assert ask("SELECT proname FROM pg_proc WHERE proowner = current_user::regrole", alias=alias) == []
    others = ask(
        "SELECT rolname FROM pg_roles WHERE rolname <> current_user AND pg_has_role(rolname, 'MEMBER')",
        alias=alias,
    )
    assert others == [], "membership would be a way round"


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE {owner}",
        "TRUNCATE connections_connection",
        "ALTER TABLE connections_connection DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_rows ON connections_connection",
        "CREATE TABLE mine (id int)",
        "CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "COPY connections_connection FROM STDIN",
        "COPY connections_connection TO PROGRAM 'true'",
    ],
)
def test_the_application_cannot(statement: str) -> None:
    with pytest.raises((ProgrammingError, NotSupportedError)) as refusal, transaction.atomic():
        ask(statement.format(owner=owner_role()))
    assert any(
        word in str(refusal.value)
        for word in ("permission denied", "must be owner", "not supported with row-level")
    )


# --- What is seen --------------------------------------------------------------------------------------------


def test_nothing_is_seen_without_a_context(two: Two) -> None:
    for table in TABLES:
        assert count(table, "operator") >= 2, f"{table} was not furnished"
        assert count(table) == 0, table
    with two.scope.transaction():
        assert count("connections_connection") == 1
    for table in TABLES:
        assert count(table) == 0, f"{table}, on a connection that has just served a workspace"


def test_a_context_opens_its_own_rows_only(two: Two) -> None:
    with two.scope.transaction():
        for table, model in TABLES.items():
            owner = "id" if model is Tenant else "tenant_id"
            found = ask(f'SELECT {owner} FROM "{table}"')
            assert found or table in SHARED, table
            assert {one for (one,) in found} <= {
                two.scope.tenant_id,
                None if table in SHARED else two.scope.tenant_id,
            }, table


@pytest.mark.parametrize("kind", ["live", None])
def test_environments_are_apart(two: Two, kind: str | None) -> None:
    environment = two.world.scope(two.world.owner, kind).environment_id if kind else None
    with tenancy.acting_for(two.scope.tenant_id, environment):
        for table in BELOW_ENVIRONMENT:
            assert count(table) == 0, table


def test_a_made_up_workspace_sees_nothing(two: Two) -> None:
    with tenancy.acting_for(uuid.uuid4(), uuid.uuid4()):
        assert [table for table in TABLES if count(table) and table not in SHARED] == []


def test_a_context_of_one_and_an_environment_of_another_see_nothing(two: Two) -> None:
    with tenancy.acting_for(two.scope.tenant_id, two.foreign.environment_id):
        assert [table for table in BELOW_ENVIRONMENT if count(table)] == []


# --- What is written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [table for table in TABLES if table != "connections_tenant"])
def test_a_row_cannot_be_put_into_another_workspace(two: Two, table: str) -> None:
    where = {"tenant_id": str(two.foreign.tenant_id), "environment_id": str(two.foreign.environment_id)}
    change = ", ".join(
        f"'{column}', %s::text" for column in where if column == "tenant_id" or table in BELOW_ENVIRONMENT
    )
    values = list(where.values())[: change.count("%s")]
    insert = (
        f'INSERT INTO "{table}" SELECT (jsonb_populate_record(NULL::"{table}", '
        f'to_jsonb(one) || jsonb_build_object({change}))).* FROM "{table}" one WHERE tenant_id IS NOT NULL LIMIT 1'
    )
    moved = ", ".join(f"{column} = %s" for column in list(where)[: len(values)])
    with two.scope.transaction():
        for statement in (insert, f'UPDATE "{table}" SET {moved} WHERE tenant_id IS NOT NULL'):
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                ask(statement, values)


def test_what_is_not_seen_cannot_be_changed(two: Two) -> None:
    with two.scope.transaction():
        for table, model in TABLES.items():
            owner = "id" if model is Tenant else "tenant_id"
            for statement in (
                f'DELETE FROM "{table}" WHERE {owner} = %s',
                f'UPDATE "{table}" SET {owner} = {owner} WHERE {owner} = %s',
            ):
                with connections["default"].cursor() as cursor:
                    cursor.execute(statement, [two.foreign.tenant_id])
                    assert cursor.rowcount == 0, statement


@pytest.mark.parametrize(
    ("table", "column", "target"), [one for one in references() if one[2] != "connections_environment"]
)
def test_a_row_cannot_point_into_another_workspace(two: Two, table: str, column: str, target: str) -> None:
    key = TABLES[target]._meta.pk.column
    ((foreign,),) = ask(
        f'SELECT "{key}" FROM "{target}" WHERE tenant_id = %s LIMIT 1', [two.foreign.tenant_id], "operator"
    )
    with two.scope.transaction():
        ask("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            ask(f'UPDATE "{table}" SET "{column}" = %s', [foreign])


@pytest.mark.parametrize("model", [Connection, apps.get_model("connections", "LinkState")])
def test_a_row_cannot_use_another_workspaces_application(two: Two, model: Any) -> None:
    foreign = ProviderApp.objects.using("operator").filter(tenant_id=two.foreign.tenant_id).first()
    assert foreign is not None
    with two.scope.transaction():
        ask("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
            model.objects.update(provider_app_id=foreign.pk)


def test_the_deployments_application_is_seen_by_all_and_changed_by_none(two: Two) -> None:
    with two.scope.transaction():
        shared = ProviderApp.objects.get(tenant=None)
        assert ProviderApp.objects.filter(pk=shared.pk).update(name="taken over") == 0
        with connections["default"].cursor() as cursor:
            cursor.execute("DELETE FROM connections_providerapp WHERE tenant_id IS NULL")
            assert cursor.rowcount == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            ProviderApp.objects.filter(tenant_id=two.scope.tenant_id).update(tenant=None)
    assert not ProviderApp.objects.filter(pk=shared.pk).exists(), "without a context not even that"


# --- The context ---------------------------------------------------------------------------------------------


def seen() -> set[Any]:
    """Which workspaces are open now."""
    return {one for (one,) in ask("SELECT id FROM connections_tenant")}


def test_nested_contexts_are_put_back(two: Two) -> None:
    ours, theirs = two.scope.tenant_id, two.foreign.tenant_id
    with two.scope.transaction():
        with two.foreign.transaction():
            assert seen() == {theirs}
            with tenancy.acting_for(ours):
                assert (seen(), count("connections_connection")) == ({ours}, 0)
            assert (seen(), count("connections_connection")) == ({theirs}, 1)
        assert (seen(), count("connections_connection")) == ({ours}, 1)
        assert tenancy.current() == tenancy.Context(ours, two.scope.environment_id)
    assert (seen(), tenancy.current()) == (set(), None)


def test_a_context_is_put_back_after_an_error(two: Two) -> None:
    with two.scope.transaction():
        with pytest.raises(IntegrityError), two.foreign.transaction():
            ask("INSERT INTO connections_tenant (id) VALUES (%s)", [two.foreign.tenant_id])
        assert seen() == {two.scope.tenant_id}
    with pytest.raises(ZeroDivisionError), two.scope.transaction():
        raise ZeroDivisionError
    assert (seen(), tenancy.current()) == (set(), None)


def test_inside_a_plain_transaction_the_context_ends_with_its_block(two: Two) -> None:
    with transaction.atomic():
        with two.scope.transaction():
            assert seen()
        assert seen() == set()


# --- The finders ---------------------------------------------------------------------------------------------


def test_the_named_finders_are_all_there_are() -> None:
    found = ask(
        """
        SELECT proname::text, pg_get_userbyid(proowner)::text, proconfig::text[] FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """
    )
    assert {name for name, _, _ in found} == set(tenancy.FINDERS) == set(FINDER_SAMPLES)
    assert len(found) == len(tenancy.FINDERS), "no second form of one"
    for _, owner, config in found:
        assert owner == owner_role()
        assert config == ["search_path=public, pg_temp"]
    documented = tenancy.__doc__ or ""
    assert all(f"{name}(" in documented for name in tenancy.FINDERS)


@pytest.mark.parametrize("name", tenancy.FINDERS)
def test_a_finder_answers_ids_only(name: str) -> None:
    ((result,),) = ask("SELECT pg_get_function_result(oid) FROM pg_proc WHERE proname = %s", [name])
    columns = result.removeprefix("TABLE(").removesuffix(")").split(", ")
    assert columns
    assert {column.split(" ", 1)[1] for column in columns} == {"uuid"}


@pytest.mark.parametrize("name", tenancy.FINDERS)
@pytest.mark.parametrize("where", ["nowhere", "the other workspace", "its own"])
def test_a_finder_answers_from_any_context(two: Two, name: str, where: str) -> None:
    make_due(two)
    sql = FINDER_SAMPLES[name]
    ((argument,),) = ask(sql, [two.scope.tenant_id] if "%s" in sql else [], "operator")[:1]
    with (
        transaction.atomic()
        if where == "nowhere"
        else (two.foreign if where == "the other workspace" else two.scope).transaction()
    ):
        found = tenancy.find(name, argument)
        assert all(isinstance(one, UUID) for row in found for one in row)
        assert two.scope.tenant_id in {row[0] for row in found}
        # What the finder may read is closed again when it returns.
        expected = {
            "nowhere": set(),
            "the other workspace": {two.foreign.tenant_id},
            "its own": {two.scope.tenant_id},
        }[where]
        assert seen() == expected
        for table in (
            "connections_membership",
            "connections_apikey",
            "connections_linkstate",
            "syncjobs_syncjob",
        ):
            assert {one for (one,) in ask(f"SELECT tenant_id FROM {table}")} <= expected


def make_due(two: Two) -> None:
    """Both workspaces have a job that waits."""
    for scope in (two.scope, two.foreign):
        with scope.transaction():
            ask("UPDATE syncjobs_syncjob SET state = 'queued', not_before = now() - interval '1 second'")


def test_a_finder_closes_behind_itself_even_when_it_fails(two: Two) -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError, match="out of range"), transaction.atomic():
            ask("SELECT * FROM find_due_jobs(%s::int)", [2**40])
        assert count("syncjobs_syncjob") == 0


def test_only_named_finders_are_asked() -> None:
    with pytest.raises(ValueError, match="not one of the named finders"):
        tenancy.find("pg_sleep", 1)


@pytest.mark.parametrize("setting", ["on", "true", "1"])
def test_the_application_cannot_play_the_finder(two: Two, setting: str) -> None:
    with transaction.atomic():
        ask("SELECT set_config('app.finding', %s, true)", [setting])
        assert [table for table in TABLES if count(table)] == []
