"""The audit over HTTP: what people do stands there, once, in words, for those who may see it."""

import csv
import hashlib
import io
import json
import re
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.db import connections as databases
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections import audit
from connections.models import AuditEvent, User
from tests.flows.importing import Person, csv_file
from tests.flows.test_application import bring
from tests.flows.test_connect import come_back, consent, start

PASSWORD = "correct horse 9 staple"


def events(tenant_id=None):
    """(action, detail) of a chain, oldest first."""
    rows = AuditEvent.objects.using("operator").filter(tenant_id=tenant_id).order_by("seq")
    return [(row.action, row.detail) for row in rows]


def actions(tenant_id=None):
    return [action for action, _ in events(tenant_id)]


def address(scope, name="audit"):
    return reverse(name, args=[scope.tenant_id, scope.environment])


def page(client, scope, **query):
    return client.get(address(scope), query)


def text(response):
    return " ".join(response.content.decode().split())


# --- Acts ------------------------------------------------------------------------------------------------------


def test_each_act_of_a_first_run_is_one_event(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    come_back(client, consent(start(client, scope)))
    come_back(client, consent(start(client, scope), decision="deny"))
    bring(client, scope)
    assert actions(scope.tenant_id) == [
        "workspace_opened",
        "connection_linked",
        "connection_refused",
        "application_brought",
    ]
    for _, detail in events(scope.tenant_id)[1:]:
        assert detail["who"]["email"] == "owner@people.test"
        assert detail["from"] == "127.0.0.1"
    assert "own-secret-canary" not in str(events(scope.tenant_id))
    shown = text(page(client, scope))
    assert "owner@people.test linked an account: " in shown
    assert "owner@people.test set the Constant Contact application with the client id own-client" in shown


def test_another_browser_at_the_callback_is_noted_without_naming_the_owner(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    answer = consent(start(client, scope))
    stranger = world.client(world.stranger)
    for _ in range(3):
        come_back(stranger, answer)
    found = [detail for action, detail in events(scope.tenant_id) if action == "connection_refused"]
    assert [detail["who"]["email"] for detail in found] == ["stranger@people.test"]


def test_an_import_its_mapping_and_what_is_done_to_the_job(world, simulator):
    person = Person(world)
    scope, place = person.scope, person.account[:2]
    columns = person.upload(csv_file([["ann@x.test", "Ann", "", "team", "News"]]))["Location"]
    choices = {"Email": ("standard:email",), "Lists": ("lists",)}
    job = person.start(person.columns(columns, choices)["Location"], ["News"])["Location"].split("/")[-2]
    for _ in range(2):
        person.client.post(reverse("stop-job", args=[*place, job]))
    found = actions(scope.tenant_id)
    assert found[-4:] == ["mapping_saved", "mapping_saved", "import_started", "job_stopped"]
    saved = next(detail for action, detail in events(scope.tenant_id) if action == "mapping_saved")
    assert any(line.startswith("Email to ") for line in saved["new"]["fields"])


def test_signing_in_and_out_stands_in_the_deployments_chain(world):
    person = User.objects.create_user("ada@people.test", PASSWORD, name="Ada Abbott")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    client = world.client(person)
    client.logout()
    client.post(reverse("account_login"), {"login": "ada@people.test", "password": "wrong"})
    client.post(reverse("account_login"), {"login": "\x01nobody@people.test" + "x" * 10_000, "password": "w"})
    client.post(reverse("account_login"), {"login": "ada@people.test", "password": PASSWORD})
    found = events()
    assert [action for action, _ in found][:3] == ["signed_in", "signed_out", "sign_in_failed"]
    assert found[2][1]["about"] == "ada@people.test"
    assert found[2][1]["who"] == {"kind": "nobody"}
    assert found[2][1]["from"] == "127.0.0.1"
    assert found[-1][0] == "signed_in"
    assert found[-1][1]["about"] == "password"
    assert PASSWORD not in str(found)
    assert actions(world.tenant.pk) == ["workspace_opened"]


def test_an_operator_who_signs_in_is_told_apart(world):
    world.client(User.objects.create_user("op@people.test", PASSWORD, is_staff=True))
    assert actions() == ["operator_signed_in"]


def test_a_refusal_is_noted_once_a_minute_in_the_right_chain(world):
    scope, member = world.scope(), world.client(world.member)
    for _ in range(3):
        assert page(member, scope).status_code == 403
        assert member.get("/admin/").status_code == 403
        assert page(world.client(world.stranger), scope).status_code == 404
    ((_, refused),) = [one for one in events(scope.tenant_id) if one[0] == "access_refused"]
    assert refused["about"] == f"GET {address(scope)}"
    assert refused["who"]["email"] == "member@people.test"
    assert actions().count("access_refused") == 1
    assert "access_refused" not in actions(world.foreign.pk)
    assert "member@people.test was refused GET" in text(page(world.client(world.owner), scope))


def test_a_refusal_that_cannot_be_noted_is_still_a_refusal(world, monkeypatch):
    client = world.client(world.member)
    with databases["owner"].cursor() as owner:
        owner.execute("ALTER FUNCTION audit_append RENAME TO audit_append_gone")
    try:
        assert page(client, world.scope()).status_code == 403
    finally:
        with databases["owner"].cursor() as owner:
            owner.execute("ALTER FUNCTION audit_append_gone RENAME TO audit_append")


# --- The page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 200), ("admin", 200), ("marketer", 403), ("developer", 403), ("viewer", 403)],
)
def test_owners_and_admins_see_it(world, role, status):
    from connections.models import Membership

    scope = world.scope()
    with scope.transaction():
        Membership.objects.filter(user=world.member).update(role=role)
    client = world.client(world.member)
    assert page(client, scope).status_code == status
    for name in ("audit-csv", "audit-jsonl"):
        assert client.post(address(scope, name)).status_code == status
        assert client.get(address(scope, name)).status_code == 405


def test_the_filters(world):
    scope, client = world.scope(), world.client(world.owner)
    audit.record("member_invited", tenant_id=scope.tenant_id, user=world.member, about="ben@x.test")
    audit.record("mapping_saved", tenant_id=scope.tenant_id, user=world.owner, about="Acme Bakery")
    assert "Acme Bakery" not in text(page(client, scope, group="people"))
    assert "ben@x.test" in text(page(client, scope, group="people"))
    by_owner = text(page(client, scope, person="Owner@People.test "))
    assert "Acme Bakery" in by_owner
    assert "ben@x.test" not in by_owner
    assert "No event fits" in text(page(client, scope, since="2999-01-01"))
    assert "No event fits" in text(page(client, scope, until="2001-01-01"))
    assert "ben@x.test" in text(page(client, scope, since="2001-01-01", until="2999-12-31"))


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "0001-01-01"},
        {"since": "9999-12-31"},
        {"group": "nonsense"},
        {"person": "x" * 255},
    ],
)
def test_a_filter_that_is_none_says_so(world, query):
    answer = page(world.client(world.owner), world.scope(), **query)
    assert answer.status_code == 422
    assert "Check these answers" in text(answer)


@pytest.mark.parametrize("value", ["²", "9" * 400, "-1", "'\"<script>", "\ud7ff\U0010ffff", ""])
def test_nonsense_in_the_pager_is_the_first_page(world, value):
    answer = page(world.client(world.owner), world.scope(), before=value, after=value)
    assert answer.status_code == 200
    assert "opened the workspace" in text(answer)


def test_test_and_live_show_their_own(world):
    client = world.client(world.owner)
    for kind in ("test", "live"):
        audit.record("mapping_saved", tenant_id=world.tenant.pk, environment=kind, about=f"{kind}-marker")
    audit.record("member_left", tenant_id=world.tenant.pk, user=world.member)
    for kind, other in (("test", "live"), ("live", "test")):
        scope = world.scope(kind=kind)
        for answer in (
            page(client, scope).content.decode(),
            exported(client, scope, "audit-csv"),
            exported(client, scope, "audit-jsonl"),
        ):
            assert f"{kind}-marker" in answer
            assert f"{other}-marker" not in answer
            assert "member@people.test" in answer


def test_all_pages_there_and_back(world):
    scope, client = world.scope(), world.client(world.owner)
    for number in range(119):
        audit.record("mapping_saved", tenant_id=scope.tenant_id, about=f"No. {number}")
    shown, query = [], ""
    while query is not None:
        answer = client.get(f"{address(scope)}?{query}")
        shown.append(numbers(answer))
        query = beside(answer, "next")
    assert [one for numbers_shown in shown for one in numbers_shown] == list(range(120, 0, -1))
    back = client.get(f"{address(scope)}?{beside(answer, 'prev')}")
    assert numbers(back) == shown[1]
    first = client.get(f"{address(scope)}?{beside(back, 'prev')}")
    assert (numbers(first), beside(first, "prev")) == (shown[0], None)


def numbers(answer):
    """The numbers of the events on a page."""
    return [int(one) for one in re.findall(r'data-label="No.">(\d+)<', answer.content.decode())]


def beside(answer, which):
    """The query of the page before or after this one, if there is one."""
    found = re.search(rf'rel="{which}" href="\?([^"]+)"', answer.content.decode())
    return unescape(found[1]) if found else None


def test_few_queries_however_much_there_is(world):
    scope, client = world.scope(), world.client(world.owner)
    for number in range(150):
        audit.record("mapping_saved", tenant_id=scope.tenant_id, about=f"No. {number}")
    with CaptureQueriesContext(connection) as queries:
        assert page(client, scope, group="accounts", person="nobody@x.test").status_code == 200
    with CaptureQueriesContext(connection) as queries:
        assert page(client, scope).status_code == 200
    assert len(queries) <= 12, [one["sql"][:90] for one in queries]


def test_what_was_dropped_is_said(world):
    scope, client = world.scope(), world.client(world.owner)
    audit.record("member_left", tenant_id=scope.tenant_id, user=world.member)
    audit.forget_person(world.member.pk)
    shown = text(page(client, scope))
    assert "Somebody left the workspace" in shown
    assert "The details were dropped on" in shown


# --- Exports ---------------------------------------------------------------------------------------------------


def exported(client, scope, name, **form):
    answer = client.post(address(scope, name), form)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode()


def test_csv_is_safe_narrowed_and_recorded(world):
    scope, client = world.scope(), world.client(world.owner)
    audit.record("mapping_saved", tenant_id=scope.tenant_id, about="=cmd|' /C calc'!A0")
    audit.record("member_invited", tenant_id=scope.tenant_id, about="ben@x.test")
    rows = list(csv.DictReader(io.StringIO(exported(client, scope, "audit-csv").removeprefix("\ufeff"))))
    assert [row["act"] for row in rows] == [
        "workspace_opened",
        "mapping_saved",
        "member_invited",
        "audit_exported",
    ]
    assert rows[1]["about"].startswith("'=")
    narrowed = exported(client, scope, "audit-csv", group="people")
    assert "ben@x.test" in narrowed
    assert "calc" not in narrowed
    assert actions(scope.tenant_id)[-1] == "audit_exported"


def test_json_lines_can_be_checked_by_whoever_has_them(world):
    scope, client = world.scope(), world.client(world.owner)
    audit.record("mapping_saved", tenant_id=scope.tenant_id, environment="live", about="live-marker")
    audit.record("member_left", tenant_id=scope.tenant_id, user=world.member, about='Ünïcödé \\ "quoted"')
    audit.forget_person(world.member.pk)
    audit.record("member_invited", tenant_id=scope.tenant_id, environment="test", about="ben@x.test")
    head, *lines = [json.loads(one) for one in exported(client, scope, "audit-jsonl").splitlines()]
    before = head["first"]
    assert before == hashlib.sha256(f"patchbay audit {scope.tenant_id}".encode()).hexdigest()
    for number, line in enumerate(lines, 1):
        assert line["seq"] == number
        if "action" in line:
            if line["detail"] is not None:
                salted = bytes.fromhex(line["salt"]) + line["detail"].encode()
                assert hashlib.sha256(salted).hexdigest() == line["digest"]
            parts = [before, str(number), *(line[name] for name in ("at", "action", "environment", "digest"))]
            assert hashlib.sha256("\n".join(parts).encode()).hexdigest() == line["hash"]
        before = line["hash"]
    assert [sorted(line) for line in lines if "action" not in line] == [["hash", "seq"]]
    assert [line.get("detail") is None for line in lines] == [False, True, True, False, False]


def test_who_was_not_asked_lately_is_asked_first(world):
    world.owner.set_password(PASSWORD)  # somebody without one has no way to be asked
    world.owner.save()
    scope, client = world.scope(), world.client(world.owner)
    for name in ("audit-csv", "audit-jsonl"):
        answer = client.post(address(scope, name), {"export": "x"})
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"]
        assert "kept" in answer["Location"], "the form comes back; an address that takes no GET would not"
    assert "audit_exported" not in actions(scope.tenant_id)


def test_a_long_export_comes_in_pieces(world, monkeypatch):
    from connections.audit import entries

    monkeypatch.setattr(entries, "EXPORT_PAGE", 3)
    scope, client = world.scope(), world.client(world.owner)
    for number in range(7):
        audit.record("mapping_saved", tenant_id=scope.tenant_id, about=f"No. {number}")
    assert len(exported(client, scope, "audit-jsonl").splitlines()) == 10
    assert len(exported(client, scope, "audit-csv").splitlines()) == 11
