"""The audit's rows: who may touch them, what is found out when somebody did, and what may be dropped from them."""

import io
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db import connections as databases

from connections import audit, tenancy
from connections.audit import chaining, words
from connections.audit.masking import canonical
from connections.constantcontact.redaction import Secret
from connections.models import AuditEvent, AuditHead, User
from tests import plugin
from tests.world import World

EVENTS, HEADS = "connections_auditevent", "connections_audithead"
MARKER = "wilhelmina-marker"


def verify(*arguments: str) -> tuple[str, bool]:
    """What `verify_audit` prints, and whether it ends with status 0."""
    out = io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue() + str(error), False
    return out.getvalue(), True


def tamper(*statements: str) -> None:
    """As somebody who may do anything: triggers set aside, checks taken off for the moment."""
    with psycopg.connect(plugin.superuser_url(), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for statement in statements:
            superuser.execute(statement)


def fill(world: World, count: int = 6) -> None:
    """Events in the workspace's chain, after the one that opened it."""
    for number in range(count):
        audit.record(
            "role_changed",
            tenant_id=world.tenant.pk,
            user=world.owner,
            about=f"person {number}",
            old={"role": "viewer"},
            new={"role": "admin"},
        )


def event(world: World, seq: int) -> AuditEvent:
    return AuditEvent.objects.using("operator").get(tenant_id=world.tenant.pk, seq=seq)


# --- Nobody writes but the function ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {EVENTS} SET action = 'signed_in'",
        f"UPDATE {EVENTS} SET detail = NULL, salt = NULL, dropped_at = now()",
        f"DELETE FROM {EVENTS}",
        f"TRUNCATE {EVENTS}",
        f"INSERT INTO {EVENTS} (tenant_id, seq, at, action, environment_kind, digest, hash, dropped_at) "
        "VALUES (app_tenant(), 99, now(), 'signed_in', '', '', '', now())",
        f"UPDATE {HEADS} SET seq = 0",
        f"DELETE FROM {HEADS}",
        f"TRUNCATE {HEADS}",
        f"INSERT INTO {HEADS} (tenant_id, seq, hash) VALUES (app_tenant(), 1, '')",
        f"ALTER TABLE {EVENTS} DISABLE TRIGGER ALL",
        f"DROP TABLE {EVENTS}",
        "DROP FUNCTION audit_guard() CASCADE",
    ],
)
def test_the_application_role_is_refused(world: World, statement: str) -> None:
    fill(world)
    with world.scope().transaction():
        assert AuditEvent.objects.count() == 7
        ask("SELECT set_config('app.appending', 'on', true)")
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            ask(statement)
    assert verify()[1]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {EVENTS} SET action = 'signed_in'",
        f"UPDATE {EVENTS} SET digest = ''",
        f"DELETE FROM {EVENTS}",
        f"TRUNCATE {EVENTS}",
        f"UPDATE {HEADS} SET seq = 0",
        f"DELETE FROM {HEADS}",
        f"UPDATE {EVENTS} SET detail = '{{}}'",
        f"UPDATE {EVENTS} SET dropped_at = NULL",
    ],
)
def test_the_operators_role_may_only_drop_a_detail(world: World, statement: str) -> None:
    fill(world)
    audit.forget_person(world.owner.pk)
    with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(using="operator"):
        ask(statement, alias="operator")
    assert verify()[1]


@pytest.mark.parametrize("table", [EVENTS, HEADS])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = seq + 7", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_guards_stop_even_a_superuser_who_forgets_them(world: World, table: str, statement: str) -> None:
    fill(world)
    with (
        psycopg.connect(plugin.superuser_url()) as superuser,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        superuser.execute(statement.format(table))


def test_a_workspace_adds_to_its_own_chain_only(world: World) -> None:
    arguments = [world.foreign.pk, "signed_in", "", b"x" * 16, "{}", None, "{}"]
    append = "SELECT audit_append(%s, %s, %s, %s, %s, %s, %s::jsonb)"
    refused = pytest.raises(ProgrammingError, match="not the open one")
    with world.scope().transaction(), refused, transaction.atomic():
        ask(append, arguments)
    with pytest.raises(ProgrammingError, match="not the open one"), transaction.atomic():
        ask(append, arguments)


def test_another_workspaces_audit_is_never_seen(world: World) -> None:
    fill(world)
    audit.record("sign_in_failed", about="nobody@people.test")
    assert count(EVENTS, "operator") == 9
    with world.scope(world.stranger).transaction():
        assert set(AuditEvent.objects.values_list("tenant_id", flat=True)) == {world.foreign.pk}
        assert list(AuditHead.objects.values_list("tenant_id", flat=True)) == [world.foreign.pk]
    with tenancy.acting_for(world.tenant.pk):
        assert set(AuditEvent.objects.values_list("tenant_id", flat=True)) == {world.tenant.pk}
    assert (count(EVENTS), count(HEADS)) == (0, 0)
    with transaction.atomic():
        ask("SELECT set_config('app.appending', 'on', true)")
        assert (count(EVENTS), count(HEADS)) == (0, 0)


# --- record ----------------------------------------------------------------------------------------------------


def test_an_unknown_act_is_an_error(world: World) -> None:
    with pytest.raises(ValueError, match="not an act"):
        audit.record("something_else")


def break_off(world: World) -> None:
    """An act that fails after it was recorded."""
    with world.scope().transaction():
        fill(world, 1)
        raise ZeroDivisionError


def test_an_event_is_kept_if_and_only_if_the_act_is(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        break_off(world)
    with world.scope().transaction():
        with pytest.raises(ZeroDivisionError):
            break_off(world)
        fill(world, 1)
    with world.scope().transaction():
        assert AuditEvent.objects.count() == 2
    assert verify()[1]


def test_it_puts_the_context_back(world: World) -> None:
    with world.scope(world.stranger).transaction():
        audit.record("member_left", tenant_id=world.tenant.pk, user=world.member)
        assert tenancy.current() == tenancy.Context(
            world.foreign.pk, world.scope(world.stranger).environment_id
        )
        assert set(AuditEvent.objects.values_list("tenant_id", flat=True)) == {world.foreign.pk}


def test_the_same_within_its_time_is_one_event(world: World) -> None:
    for about in ("a", "a", "b", "a"):
        audit.record("access_refused", user=world.owner, about=about, once=timedelta(minutes=1))
    audit.record("access_refused", user=world.member, about="a", once=timedelta(minutes=1))
    found = AuditEvent.objects.using("operator").filter(tenant=None).order_by("seq")
    assert [one.detail["about"] for one in found] == ["a", "b", "a"]


def test_no_secret_enters(world: World) -> None:
    token = world.token()
    audit.record(
        "token_created",
        tenant_id=world.tenant.pk,
        about=f"CI {token} Bearer {token}",
        old={"password": MARKER, "nested": {"refresh_token": MARKER, "list": [{"client_secret": MARKER}]}},
        new={"value": Secret(MARKER), "recovery_codes": [MARKER], "text": f"eyJ{MARKER}.e30.x", "name": "CI"},
    )
    with world.scope().transaction():
        detail = AuditEvent.objects.order_by("-seq")[0].detail
    text = canonical(detail)
    assert MARKER not in text
    assert token.rpartition("_")[2] not in text
    assert detail["new"]["name"] == "CI"
    assert detail["about"].startswith("CI " + token[:8])


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10_000,
        "a\x00b\ud800c\r\nd",
        "Ünïcödé 👩‍👩‍👧 ﷽ é e\u0301",
        '"quoted" \\ and \u2028 \x7f \x1f',
        10**40,
        1.5,
        float("inf"),
        float("nan"),
        -(2**53),
        True,
        None,
        [],
        {"": "", "\x00": 1},
        [[[[[[["deep"]]]]]]],
        {"b": 1, "a": {"z": [1, "2", None], "y": datetime(2026, 1, 1, tzinfo=UTC)}},
        {str(n): n for n in range(1_000)},
    ],
)
def test_whatever_is_recorded_verifies(world: World, value: object) -> None:
    audit.record("workspace_renamed", tenant_id=world.tenant.pk, about=str(value), new={"value": value})
    text, whole = verify()
    assert whole, text


def test_eight_who_record_at_once_leave_the_chain_unbroken(world: World) -> None:
    faults: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                with transaction.atomic(), tenancy.acting_for(world.tenant.pk):
                    fill(world, 1)
                audit.record("signed_in", user=world.owner, about=f"{number} {turn}")
        except Exception as error:  # told by who waits for the thread
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    text, whole = verify()
    assert whole, text
    assert "Alpha Software: 81 events, unbroken." in text
    assert "The deployment: 80 events, unbroken." in text


# --- verify_audit ----------------------------------------------------------------------------------------------

CHECK = f"ALTER TABLE {EVENTS} DROP CONSTRAINT auditevent_whole_or_dropped"
ONCE = f"ALTER TABLE {EVENTS} DROP CONSTRAINT auditevent_once"
BACK = {
    CHECK: f"ALTER TABLE {EVENTS} ADD CONSTRAINT auditevent_whole_or_dropped CHECK "
    "((detail IS NOT NULL AND salt IS NOT NULL AND dropped_at IS NULL) OR "
    "(detail IS NULL AND salt IS NULL AND dropped_at IS NOT NULL)) NOT VALID",
    ONCE: f"ALTER TABLE {EVENTS} ADD CONSTRAINT auditevent_once UNIQUE NULLS NOT DISTINCT (tenant_id, seq)",
}
WHERE = "tenant_id = '{tenant}' AND seq"
COLUMNS = "tenant_id, at, action, environment_kind, detail, salt, digest, hash, dropped_at"
FORGED = f"INSERT INTO {EVENTS} ({COLUMNS}, seq) SELECT {COLUMNS}"


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([f"UPDATE {EVENTS} SET action = 'member_left' WHERE {WHERE} = 3"], "Event 3 does not follow"),
        ([f"UPDATE {EVENTS} SET at = at + interval '1 us' WHERE {WHERE} = 3"], "Event 3 does not follow"),
        ([f"UPDATE {EVENTS} SET environment_kind = 'live' WHERE {WHERE} = 3"], "Event 3 does not follow"),
        ([f"UPDATE {EVENTS} SET hash = 'x' WHERE {WHERE} = 3"], "Event 3 does not follow"),
        ([f"UPDATE {EVENTS} SET digest = 'x' WHERE {WHERE} = 3"], "Event 3 has another detail"),
        (
            [f"UPDATE {EVENTS} SET detail = jsonb_set(detail, '{{{{about}}}}', '\"x\"') WHERE {WHERE} = 3"],
            "Event 3 has another detail",
        ),
        ([f"UPDATE {EVENTS} SET salt = 'x' WHERE {WHERE} = 3"], "Event 3 has another detail"),
        (
            [
                f"UPDATE {EVENTS} SET detail = '{{{{}}}}', salt = 'x', digest = sha256('x{{{{}}}}') WHERE {WHERE} = 3"
            ],
            "Event 3 does not follow",
        ),
        ([f"DELETE FROM {EVENTS} WHERE {WHERE} = 3"], "Event 3 is missing: deleted"),
        ([f"DELETE FROM {EVENTS} WHERE {WHERE} = 1"], "Event 1 is missing: deleted"),
        ([f"DELETE FROM {EVENTS} WHERE {WHERE} >= 6"], "Event 6 is missing: the last 2 of 7 events"),
        ([f"DELETE FROM {EVENTS} WHERE {WHERE} >= 1"], "Event 1 is missing: the last 7 of 7 events"),
        (
            [
                f"DELETE FROM {EVENTS} WHERE {WHERE} = 3",
                f"UPDATE {EVENTS} SET seq = seq - 1 WHERE {WHERE} >= 4",
            ],
            "Event 3 does not follow",
        ),
        ([f"{FORGED}, 8 FROM {EVENTS} WHERE {WHERE} = 7"], "Event 8 does not follow"),
        (
            [
                f"UPDATE {EVENTS} SET seq = seq + 100 WHERE {WHERE} >= 3",
                f"{FORGED}, 3 FROM {EVENTS} WHERE {WHERE} = 2",
                f"UPDATE {EVENTS} SET seq = seq - 99 WHERE {WHERE} >= 100",
            ],
            "Event 3 does not follow",
        ),
        ([ONCE, f"{FORGED}, 3 FROM {EVENTS} WHERE {WHERE} = 3"], "Event 3 is there twice"),
        (
            [
                f"UPDATE {EVENTS} SET seq = 99 WHERE {WHERE} = 3",
                f"UPDATE {EVENTS} SET seq = 3 WHERE {WHERE} = 4",
                f"UPDATE {EVENTS} SET seq = 4 WHERE {WHERE} = 99",
            ],
            "Event 3 does not follow",
        ),
        ([CHECK, f"UPDATE {EVENTS} SET detail = NULL WHERE {WHERE} = 3"], "Event 3 has lost its detail"),
        (
            [CHECK, f"UPDATE {EVENTS} SET detail = NULL, salt = NULL WHERE {WHERE} = 3"],
            "Event 3 has lost its detail",
        ),
        ([f"UPDATE {HEADS} SET hash = 'x' WHERE tenant_id = '{{tenant}}'"], "The head has another hash"),
        (
            [f"UPDATE {HEADS} SET seq = 9 WHERE tenant_id = '{{tenant}}'"],
            "Event 8 is missing: the last 2 of 9",
        ),
        ([f"UPDATE {HEADS} SET seq = 5 WHERE tenant_id = '{{tenant}}'"], "Event 6 comes after the head"),
        ([f"DELETE FROM {HEADS} WHERE tenant_id = '{{tenant}}'"], "Its head is missing"),
    ],
)
def test_tampering_is_found_out(world: World, statements: list[str], told: str) -> None:
    fill(world)
    assert verify()[1]
    try:
        tamper(*(one.format(tenant=world.tenant.pk) for one in statements))
        text, whole = verify()
    finally:
        with psycopg.connect(plugin.superuser_url(), autocommit=True) as superuser:
            for taken in {CHECK, ONCE} & set(statements):
                superuser.execute("SET session_replication_role = replica")
                superuser.execute(f"DELETE FROM {EVENTS}")
                superuser.execute(BACK[taken])
    assert not whole
    assert f"Alpha Software ({world.tenant.pk}): broken. {told}" in text
    assert "Omega Software: 1 event, unbroken." in text


def test_a_chain_cannot_pass_for_another(world: World) -> None:
    a, b = world.tenant.pk, world.foreign.pk
    for table in (EVENTS, HEADS):
        tamper(
            f"UPDATE {table} SET tenant_id = NULL WHERE tenant_id = '{a}'",
            f"UPDATE {table} SET tenant_id = '{a}' WHERE tenant_id = '{b}'",
            f"UPDATE {table} SET tenant_id = '{b}' WHERE tenant_id IS NULL",
        )
    text, whole = verify()
    assert not whole
    assert text.count("Event 1 does not follow") == 2


def test_a_noted_head_finds_out_who_rewrote_everything_after_it(world: World) -> None:
    fill(world)
    text, _ = verify("--workspace", str(world.tenant.pk))
    (head,) = re.findall(r"Head (\S+)", text)
    fill(world, 2)
    assert verify("--head", head)[1]
    # Somebody who can do anything cuts the end off, and makes the head say so.
    tamper(
        f"DELETE FROM {EVENTS} WHERE tenant_id = '{world.tenant.pk}' AND seq > 5",
        f"UPDATE {HEADS} SET seq = 5, hash = (SELECT hash FROM {EVENTS} WHERE tenant_id = '{world.tenant.pk}' "
        f"AND seq = 5) WHERE tenant_id = '{world.tenant.pk}'",
    )
    assert verify()[1], "the database alone cannot know"
    text, whole = verify("--head", head)
    assert not whole
    assert "Event 7 of a noted head is missing" in text
    fill(world, 4)
    text, whole = verify("--head", head)
    assert not whole
    assert "Event 7 has another hash than the noted head" in text


def test_a_whole_chain_that_is_gone_is_missed_by_its_noted_head(world: World) -> None:
    (head,) = re.findall(r"Head (\S+)", verify("--workspace", str(world.tenant.pk))[0])
    for table in (EVENTS, HEADS):
        tamper(f"DELETE FROM {table} WHERE tenant_id = '{world.tenant.pk}'")
    text, whole = verify("--head", head)
    assert not whole
    assert "The whole chain is missing" in text


@pytest.mark.parametrize("head", ["x", "deployment:1", "deployment:x:" + "0" * 64, "deployment:1:00"])
def test_a_head_that_is_none_is_refused(world: World, head: str) -> None:
    text, whole = verify("--head", head)
    assert not whole
    assert "is not a head" in text


@pytest.mark.parametrize(
    ("open_door", "close_door", "told"),
    [
        (
            f"ALTER TABLE {EVENTS} DISABLE TRIGGER audit_guard_rows",
            f"ALTER TABLE {EVENTS} ENABLE TRIGGER audit_guard_rows",
            "missing or switched off",
        ),
        (
            f"GRANT UPDATE ON {EVENTS} TO patchbay_app",
            f"REVOKE UPDATE ON {EVENTS} FROM patchbay_app",
            "may write",
        ),
        (
            f"GRANT DELETE ON {HEADS} TO patchbay_operator",
            f"REVOKE DELETE ON {HEADS} FROM patchbay_operator",
            "may write",
        ),
    ],
)
def test_an_open_door_is_told(world: World, open_door: str, close_door: str, told: str) -> None:
    tamper(open_door)
    try:
        text, whole = verify()
    finally:
        tamper(close_door)
    assert not whole
    assert told in text
    assert verify()[1]


def test_a_long_chain_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world, 12)
    monkeypatch.setattr(chaining, "PAGE", 5)
    assert "Alpha Software: 13 events, unbroken." in verify()[0]


# --- What is dropped -------------------------------------------------------------------------------------------


def everything() -> str:
    """Every row of both tables, as text."""
    return str(ask(f"SELECT e::text FROM {EVENTS} e", alias="operator"))


def test_a_person_who_is_forgotten_is_nowhere_and_the_chain_holds(world: World) -> None:
    email = f"{MARKER}@people.test"
    person = User.objects.create_user(email, name="Wilhelmina Marker")
    audit.record("signed_in", user=person)
    audit.record("role_changed", tenant_id=world.tenant.pk, user=world.owner, about=email)
    audit.record("member_removed", tenant_id=world.tenant.pk, user=world.owner, about=person.name)
    audit.record("sign_in_failed", about=email.upper())
    audit.record("member_invited", tenant_id=world.foreign.pk, user=world.stranger, new={"invited": email})
    audit.record("email_changed", user=person, old={"address": "old@people.test"})
    audit.record("sign_in_failed", about="old@people.test")
    audit.record("sign_in_failed", about=f"not-{email}")
    assert audit.forget_person(person.pk, addresses=["old@people.test"]) == 7
    left = everything().lower().replace(f"not-{email}", "")
    assert MARKER not in left
    assert "wilhelmina" not in left
    assert "old@people.test" not in left
    text, whole = verify()
    assert whole, text
    assert "3 events, 2 with details dropped, unbroken" in text
    assert "a person was forgotten" in everything()


def test_details_go_after_their_time(world: World, settings_of: Callable[..., None]) -> None:
    settings_of(AUDIT_DETAIL_DAYS=30)
    audit.record("member_left", tenant_id=world.tenant.pk, about=MARKER)
    assert audit.tidy(datetime.now(UTC) + timedelta(days=29)) == 0
    assert audit.tidy(datetime.now(UTC) + timedelta(days=31)) == 3
    assert MARKER not in everything()
    text, whole = verify()
    assert whole, text
    assert "Alpha Software: 2 events, 2 with details dropped, unbroken." in text
    assert event(world, 2).action == "member_left"


def test_the_sweep_drops_them(world: World) -> None:
    from syncjobs import retention

    fill(world)
    retention.tidy(datetime.now(UTC) + timedelta(days=731))
    assert event(world, 3).detail is None
    assert verify()[1]


def test_the_end_of_one_workspace_breaks_nothing(world: World) -> None:
    fill(world)
    tamper(f"DELETE FROM connections_tenant WHERE id = '{world.tenant.pk}'")
    text, whole = verify()
    assert whole, text
    assert f"Former workspace {world.tenant.pk}: 7 events, unbroken." in text


# --- In words --------------------------------------------------------------------------------------------------

ADA = {"kind": "person", "id": "1", "name": "Ada Abbott", "email": "ada@people.test"}


@pytest.mark.parametrize(
    ("action", "detail", "said"),
    [
        (
            "role_changed",
            {"who": ADA, "about": "ben@x.test", "new": {"role": "marketer"}},
            "Ada Abbott made ben@x.test a Marketer",
        ),
        (
            "role_changed",
            {"who": ADA, "about": "ben@x.test", "new": {"role": "admin"}},
            "Ada Abbott made ben@x.test an Admin",
        ),
        ("member_invited", {"who": ADA, "about": "ben@x.test"}, "Ada Abbott invited ben@x.test"),
        ("signed_in", {"who": {**ADA, "name": ""}}, "ada@people.test signed in"),
        ("details_dropped", {"who": {"kind": "patchbay"}}, "Patchbay dropped details from audits"),
        ("role_changed", None, "Somebody made somebody"),
        ("from_a_later_version", {"who": ADA}, "Ada Abbott: from a later version"),
    ],
)
def test_an_event_is_a_sentence(action: str, detail: dict[str, Any] | None, said: str) -> None:
    assert words.sentence(action, detail) == said


@pytest.mark.parametrize("action", audit.ACTIONS)
@pytest.mark.parametrize("detail", [None, {"who": ADA, "about": "{about}[x]", "new": {"role": "owner"}}])
def test_every_act_has_a_sentence(action: str, detail: dict[str, Any] | None) -> None:
    said = words.sentence(action, detail)
    assert said[:1].isupper()
    assert detail or not re.search(r"[{}\[\]]", said)
    assert re.fullmatch(r"[a-z_]{1,40}", action)


# --- SQL -------------------------------------------------------------------------------------------------------


def ask(sql: str, arguments: Any = (), alias: str = "default") -> list[tuple[Any, ...]]:
    """Raw SQL as the role of this alias."""
    with databases[alias].cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall() if cursor.description else []


def count(table: str, alias: str = "default") -> int:
    """How many rows this role sees."""
    return int(ask(f"SELECT count(*) FROM {table}", alias=alias)[0][0])
