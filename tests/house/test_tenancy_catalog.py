"""The second wall as it stands in PostgreSQL's catalog: row security, policies, keys, roles."""

import pytest
from django.db import NotSupportedError, ProgrammingError, transaction

from tests.house.tables import APPEND_ONLY, BELOW_ENVIRONMENT, SHARED, TABLES, ask, owner_role, references

# Rows here belong to no workspace, or are seen by all.
WITHOUT_TENANT = {
    "connections_user": "people, who may be in several workspaces",
    "connections_user_groups": "operators' rights",
    "connections_user_user_permissions": "operators' rights",
    "connections_quotapool": "the limits of one application, shared by its workspaces",
    "connections_quotaday": "what a pool has spent",
    "connections_quotaslot": "a pool's places a second",
    "connections_providerfact": "what was found out about the provider",
    "connections_quotahour": "what a pool has spent by the hour and class",
    "account_emailaddress": "a person's addresses, by sign-in",
    "account_emailconfirmation": "the same",
    "auth_group": "operators' rights",
    "auth_group_permissions": "operators' rights",
    "auth_permission": "operators' rights",
    "django_admin_log": "what operators did",
    "django_content_type": "names of tables",
    "django_migrations": "the schema's own history",
    "django_session": "sign-ins, by an unguessable key",
    "mfa_authenticator": "a person's second factors, sealed",
    "usersessions_usersession": "where a person is signed in",
    "connections_message": "letters to people, their text sealed",
    "connections_counter": "tries to sign in, counted",
    "syncjobs_heartbeat": "when the clock was last heard",
}
# Looked up before the workspace is known; unguessable, so that being refused one tells nothing.
UNIQUE_EVERYWHERE = {
    ("connections_apikey", ("prefix",)),
    ("connections_invitation", ("digest",)),
    ("connections_linkstate", ("digest",)),
    ("connections_linktoken", ("digest",)),
}


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
    appending = [row for row in writing if row[0] == "appending"]
    assert [row[2] for row in appending] == ([[owner_role()]] if table in APPEND_ONLY else [])
    writing = [row for row in writing if row not in appending]
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
