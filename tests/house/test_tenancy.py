"""The second wall at work: what each role sees and writes, whatever the code above it forgets."""

import uuid
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, ProgrammingError, connections, transaction

from connections import tenancy
from connections.models import Connection, ProviderApp, Tenant
from tests.house.furnish import Two
from tests.house.tables import (
    ADDED_TO,
    APPEND_ONLY,
    BELOW_ENVIRONMENT,
    SHARED,
    TABLES,
    ask,
    count,
    owner_role,
    references,
)

FINDER_SAMPLES: dict[str, str] = {
    "find_memberships": "SELECT user_id FROM connections_membership WHERE tenant_id = %s",
    "find_api_key": "SELECT prefix FROM connections_apikey WHERE tenant_id = %s",
    "find_link_state": "SELECT digest FROM connections_linkstate WHERE tenant_id = %s",
    "find_link_token": "SELECT digest FROM connections_linktoken WHERE tenant_id = %s",
    "find_invitation": "SELECT digest FROM connections_invitation WHERE tenant_id = %s",
    "find_due_jobs": "SELECT 100",
    "find_due_tokens": "SELECT 100",
    "find_due_deliveries": "SELECT 100",
}


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
    written = ask(
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
        "WHERE table_name = %s AND is_generated = 'NEVER'",
        [table],
    )[0][0]
    insert = (
        f'INSERT INTO "{table}" ({written}) SELECT {written} FROM (SELECT (jsonb_populate_record(NULL::"{table}", '
        f'to_jsonb(one) || jsonb_build_object({change}))).* FROM "{table}" one WHERE tenant_id IS NOT NULL LIMIT 1) two'
    )
    moved = ", ".join(f"{column} = %s" for column in list(where)[: len(values)])
    update = f'UPDATE "{table}" SET {moved} WHERE tenant_id IS NOT NULL'
    with two.scope.transaction():
        for statement in (insert, update):
            denied = table in APPEND_ONLY or (statement is update and table in ADDED_TO)
            refusal = "permission denied" if denied else "row-level security"
            with pytest.raises(ProgrammingError, match=refusal), transaction.atomic():
                ask(statement, values)


def test_what_is_not_seen_cannot_be_changed(two: Two) -> None:
    with two.scope.transaction():
        for table, model in TABLES.items():
            if table in APPEND_ONLY | ADDED_TO:
                continue  # tests of their own hold that nothing in them can be changed at all
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
    # The one function besides them that runs with the owner's rights adds to the audit and reads nothing out.
    assert {name for name, _, _ in found} - {"audit_append"} == set(tenancy.FINDERS) == set(FINDER_SAMPLES)
    assert len(found) == len(tenancy.FINDERS) + 1, "no second form of one"
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
            "connections_invitation",
            "connections_linkstate",
            "connections_connection",
            "connections_connectiontoken",
            "syncjobs_syncjob",
            "syncjobs_webhook",
            "syncjobs_webhookdelivery",
        ):
            assert {one for (one,) in ask(f"SELECT tenant_id FROM {table}")} <= expected


def make_due(two: Two) -> None:
    """Both workspaces have a job that waits, a grant to be renewed, and an event for somebody."""
    for scope in (two.scope, two.foreign):
        with scope.transaction():
            ask("UPDATE syncjobs_syncjob SET state = 'queued', not_before = now() - interval '1 second'")
            ask("UPDATE connections_connectiontoken SET due_at = now() - interval '1 second'")
            ask(
                "UPDATE syncjobs_webhookdelivery SET state = 'queued', not_before = now() - interval '1 second'"
            )


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
