"""From test to live over HTTP: the difference is shown, exactly that is taken, and afterwards there is none."""

import re
from uuid import uuid4

import pytest
from django.db import connection as database_connection
from django.db import connections as databases
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections.models import ApiKey, AuditEvent, Connection, Membership
from mapping import editing
from mapping.editing import FieldChoice, ListChoice, TagChoice
from mapping.models import (
    AppField,
    FieldMapping,
    ListMapping,
    RemoteField,
    RemoteList,
    RemoteTag,
    TagMapping,
)
from tests.flows.test_live import LivePerson

NOW = "2026-11-23T10:00:00Z"


def account(world, kind, name, customer_ref="", custom=(), lists=()):
    """An account's rows, with what it has at the provider."""
    connection = world.connection(name=name)
    scope = world.scope(kind=kind)
    if kind == "live":  # the builder makes accounts in test
        with world.scope().transaction():
            app_id = connection.provider_app_id
            connection.delete()
        with scope.transaction():
            connection = Connection.objects.create(
                tenant_id=scope.tenant_id,
                environment_id=scope.environment_id,
                provider_app_id=app_id,
                account_id=name,
                account_name=name,
                status="active",
            )
    with scope.transaction():
        Connection.objects.filter(pk=connection.pk).update(customer_ref=customer_ref)
        place = {
            "tenant_id": scope.tenant_id,
            "environment_id": scope.environment_id,
            "connection": connection,
        }
        for label, type_ in custom:
            RemoteField.objects.create(
                **place, custom_field_id=uuid4(), label=label, name=label.lower(), type=type_, read_at=NOW
            )
        for label in lists:
            RemoteList.objects.create(**place, list_id=uuid4(), name=label, read_at=NOW)
    return connection


def set_up(world, connection, choices, lists=(), kind="test"):
    """Save a mapping as the mapping page does; `@Label` stands for the account's field or list of that label."""
    with world.scope(kind=kind).transaction():
        fields = {row.name: row.pk for row in editing.declare(connection, list(choices))}
        custom = {row.label: row.custom_field_id for row in RemoteField.objects.filter(connection=connection)}
        there = {row.name: row.list_id for row in RemoteList.objects.filter(connection=connection)}
        editing.save_fields(
            connection,
            [
                FieldChoice(
                    fields[name],
                    f"custom:{custom[choice[1:]]}" if choice.startswith("@") else choice,
                    name,
                )
                for name, choice in choices.items()
            ],
        )
        editing.save_lists(
            connection,
            [
                ListChoice(name, str(there[choice[1:]]) if choice.startswith("@") else choice, name)
                for name, choice in dict(lists).items()
            ],
        )


def mapped(world, connection, kind="live"):
    """What is kept, by names."""
    with world.scope(kind=kind).transaction():
        labels = {
            str(row.custom_field_id): row.label for row in RemoteField.objects.filter(connection=connection)
        }
        names = {str(row.list_id): row.name for row in RemoteList.objects.filter(connection=connection)}
        fields = {
            row.app_field.name: f"{row.kind}:{labels.get(row.target, row.target) or row.new_label}"
            for row in FieldMapping.objects.filter(connection=connection).select_related("app_field")
        }
        lists = {
            row.app_list: "ignored" if row.ignored else names.get(str(row.list_id), f"new:{row.new_name}")
            for row in ListMapping.objects.filter(connection=connection)
        }
    return fields, lists


@pytest.fixture
def pair(world):
    """An account of each environment that stand for one customer."""
    test = account(
        world, "test", "Acme in test", "c-1", [("Plan", "string"), ("Seats", "number")], ["News", "Customers"]
    )
    live = account(world, "live", "Acme", "c-1", [("Plan", "string")], ["News"])
    set_up(
        world,
        test,
        {
            "Email": "standard:email",
            "First": "standard:first_name",
            "Tier": "@Plan",
            "Seats": "@Seats",
            "Lists": "lists",
            "Notes": "ignored",
        },
        {"news": "@News", "customers": "@Customers", "staff": "ignored"},
    )
    set_up(
        world,
        live,
        {"Email": "standard:email", "Notes": "standard:job_title", "Own": "standard:city"},
        {"own": "ignored"},
        kind="live",
    )
    return test, live


def tag_set_up(world, connection, kind, tags, choices):
    """What the account has for tags, and what the app's tags are to become."""
    with world.scope(kind=kind).transaction():
        here = {
            "tenant_id": connection.tenant_id,
            "environment_id": connection.environment_id,
            "connection": connection,
        }
        ids = {
            name: str(RemoteTag.objects.create(**here, tag_id=uuid4(), name=name, read_at=NOW).tag_id)
            for name in tags
        }
        editing.save_tags(
            connection,
            [
                TagChoice(name, ids.get(choice[1:], "") if choice.startswith("@") else choice, name)
                for name, choice in choices.items()
            ],
        )


def test_tags_are_taken_by_their_names(world, pair):
    test, live = pair
    choices = {"vip": "@VIP", "gold": "@Gold", "staff": "ignored", "new": "new"}
    tag_set_up(world, test, "test", ["VIP", "Gold"], choices)
    tag_set_up(world, live, "live", ["vip"], {"staff": "new", "own": "ignored"})
    client = world.client(world.owner)
    page = client.get(where(world, test, live))
    assert "Tag of your app" in words(page) and "Gold, new tag" in words(page)
    assert client.post(where(world), form(page)).status_code == 302
    with world.scope(kind="live").transaction():
        names = {str(row.tag_id): row.name for row in RemoteTag.objects.filter(connection=live)}
        kept = {
            row.app_tag: "ignored" if row.ignored else names.get(str(row.tag_id), f"new:{row.new_name}")
            for row in TagMapping.objects.filter(connection=live)
        }
    assert kept == {"vip": "vip", "gold": "new:Gold", "staff": "ignored", "new": "new:new", "own": "ignored"}
    assert "There is nothing to take" in words(client.get(where(world, test, live)))


def where(world, test=None, live=None, kind="live"):
    query = "&".join(
        f"{name}={one.pk}" for name, one in (("test_account", test), ("live_account", live)) if one
    )
    return reverse("take-live", args=[world.tenant.pk, kind]) + (f"?{query}" if query else "")


def form(page):
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def test_what_is_shown_is_taken_and_then_there_is_nothing_left(world, pair):
    client = world.client(world.owner)
    page = client.get(where(world))  # both are chosen already: one set-up, and the same reference
    text = words(page)
    assert page.status_code == 200
    assert "Acme in test in test, Acme in live" in text
    assert "Take 8 changes live" in text
    assert "Seats, new custom field (number)" in text
    assert "Live has 2 settings that test has not. They stay as they are." in text
    assert "API tokens, linked accounts, jobs and contacts stay" in text
    answer = client.post(where(world), form(page))
    assert answer.status_code == 302
    after = client.get(answer["Location"])
    assert "8 changes are live for Acme." in words(after)
    assert "There is nothing to take" in words(after)
    fields, lists = mapped(world, pair[1])
    assert fields == {
        "Email": "standard:email",
        "First": "standard:first_name",
        "Tier": "custom:Plan",
        "Seats": "new:Seats",
        "Lists": "lists:",
        "Notes": "ignored:",
        "Own": "standard:city",
    }
    assert lists == {"news": "News", "customers": "new:Customers", "staff": "ignored", "own": "ignored"}


def test_it_is_in_the_audit_with_its_counts(world, pair):
    client = world.client(world.owner)
    client.post(where(world), form(client.get(where(world))))
    row = AuditEvent.objects.using("operator").get(action="taken_live")
    assert row.environment_kind == "live"
    assert row.detail["about"] == "Acme"
    assert row.detail["new"] == {"from": "Acme in test", "added": 7, "changed": 1, "cannot": 0}


def test_test_keeps_what_it_has(world, pair):
    before = mapped(world, pair[0], "test")
    client = world.client(world.owner)
    client.post(where(world), form(client.get(where(world))))
    assert mapped(world, pair[0], "test") == before


@pytest.mark.parametrize("kind", ["test", "live"])
def test_a_change_in_between_is_shown_first(world, pair, kind):
    client = world.client(world.owner)
    shown = form(client.get(where(world)))
    changed = pair[0] if kind == "test" else pair[1]
    set_up(world, changed, {"Late": "standard:zip"}, kind=kind)
    before = mapped(world, pair[1])
    page = client.post(where(world), shown)
    assert page.status_code == 409
    assert "has changed meanwhile" in words(page)
    assert mapped(world, pair[1]) == before
    assert client.post(where(world), form(page)).status_code == 302


def test_a_second_click_changes_nothing_more(world, pair):
    client = world.client(world.owner)
    shown = form(client.get(where(world)))
    assert client.post(where(world), shown).status_code == 302
    before = mapped(world, pair[1])
    page = client.post(where(world), shown)
    assert (page.status_code, mapped(world, pair[1])) == (409, before)
    assert "There is nothing to take" in words(page)
    assert AuditEvent.objects.using("operator").filter(action="taken_live").count() == 1


def test_what_cannot_be_taken_stays_with_its_reason(world):
    test = account(world, "test", "Acme in test", custom=[("Seats", "number")])
    live = account(world, "live", "Acme", custom=[("Seats", "string")])
    set_up(world, test, {"Seats": "@Seats", "Email": "standard:email"})
    set_up(world, live, {"Address": "standard:email"}, kind="live")
    page = world.client(world.owner).get(where(world))
    text = words(page)
    assert "holds text, the one in test number" in text
    assert "“Address” fills this already" in text
    assert "There is nothing to take" in text
    assert "digest" not in form(page)


@pytest.mark.parametrize("role", ["marketer", "developer", "viewer"])
def test_who_may_not_sees_the_difference_and_who_may(world, pair, role):
    with world.scope().transaction():
        Membership.objects.filter(user=world.member).update(role=role)
    owners, client = world.client(world.owner), world.client(world.member)
    shown = form(owners.get(where(world)))
    assert "ask an owner or admin" in words(client.get(where(world)))
    before = mapped(world, pair[1])
    assert client.post(where(world), shown).status_code == 403
    assert mapped(world, pair[1]) == before


def test_an_admin_may(world, pair):
    with world.scope().transaction():
        Membership.objects.filter(user=world.member).update(role="admin")
    client = world.client(world.member)
    assert client.post(where(world), form(client.get(where(world)))).status_code == 302


def test_ids_of_one_environment_are_nothing_in_the_other(world, pair):
    client, (test, live) = world.client(world.owner), pair
    for one, other in ((live, test), (live, live), (test, test)):
        assert client.get(where(world, one, other)).status_code == 404
        data = {"test_account": one.pk, "live_account": other.pk, "digest": "0" * 64}
        assert client.post(where(world), data).status_code == 404
    assert client.get(where(world) + "?test_account=nonsense").status_code == 404
    stranger = world.client(world.stranger)
    assert stranger.get(where(world, test, live)).status_code == 404
    foreign = reverse("take-live", args=[world.foreign.pk, "live"])
    assert stranger.get(f"{foreign}?test_account={test.pk}&live_account={live.pk}").status_code == 404


def test_in_test_the_address_leads_to_live(world, pair):
    answer = world.client(world.owner).get(where(world, *pair, kind="test"))
    assert (answer.status_code, answer["Location"]) == (302, where(world, *pair))


def test_nothing_set_up_and_no_live_account_say_what_to_do(world):
    client = world.client(world.owner)
    assert "Nothing is set up in test yet" in words(client.get(where(world)))
    set_up(world, account(world, "test", "Acme in test"), {"Email": "standard:email"})
    text = words(client.get(where(world)))
    assert "No live account yet" in text
    assert "Connect a live account" in text
    assert "No live account yet" in words(world.client(world.member).get(where(world)))


def test_several_accounts_must_be_chosen_from(world, pair):
    account(world, "live", "Acme West", "c-1")
    set_up(world, account(world, "test", "Other in test"), {"Email": "standard:email"})
    client = world.client(world.owner)
    page = client.get(where(world))
    assert "Acme West (c-1)" in words(page)
    assert "What would happen" not in page.content.decode()
    assert client.post(where(world), {"digest": "0" * 64}).status_code == 422
    assert "Take 8 changes live" in words(client.get(where(world, *pair)))


def test_an_account_beyond_those_offered_is_found(world, pair):
    scope = world.scope(kind="live")
    with scope.transaction():
        Connection.objects.bulk_create(
            Connection(
                tenant_id=scope.tenant_id,
                environment_id=scope.environment_id,
                provider_app_id=pair[1].provider_app_id,
                account_id=f"a{number}",
                account_name=f"Account {number:04}",
            )
            for number in range(1_000)
        )
    client = world.client(world.owner)
    page = client.get(where(world))
    assert "The first 200 are offered above" in words(page)
    assert "Take 8 changes live" in words(page)
    found = client.get(where(world) + "?search=0777&live_account=")
    assert (
        found.content.decode().count("<option") == 2 + 2 + 1
    )  # test's, live's, and the one that the reference names
    with CaptureQueriesContext(database_connection) as queries:
        client.get(where(world, *pair))
    asked = [
        one["sql"] for one in queries if one["sql"].startswith(("SELECT", "(", "INSERT", "UPDATE", "DELETE"))
    ]
    assert len(asked) <= 12, "\n".join(asked)


def test_tokens_and_accounts_stay(world, pair):
    world.token()
    client = world.client(world.owner)
    client.post(where(world), form(client.get(where(world))))
    with world.scope(kind="live").transaction():
        assert not ApiKey.objects.exists()
        assert [one.account_name for one in Connection.objects.all()] == ["Acme"]


def test_nothing_is_sent_now_and_the_first_import_makes_what_is_new(
    world, simulator, live_simulator, monkeypatch
):
    """From a set-up in test to contacts in live: the new list and field are there when the import ends."""
    person = LivePerson(world, live_simulator, monkeypatch)
    test = account(world, "test", "Acme in test", "c-9", [("Tier level", "string")], ["Gold people"])
    choices = {"Email": "standard:email", "Tier": "@Tier level", "Lists": "lists"}
    set_up(world, test, choices, {"gold": "@Gold people"})
    before = len(live_simulator.simulator.journal()), len(simulator.journal())
    page = person.client.get(where(world))
    assert person.client.post(where(world), form(page)).status_code == 302
    assert (len(live_simulator.simulator.journal()), len(simulator.journal())) == before
    content = b"Email,Tier,Lists\r\nzoe@people.example,gold,gold\r\n"
    answer = person.upload(content)
    page = person.client.get(answer["Location"])
    fields = re.findall(r'name="((?:choice|label|type)_\w+)"', page.content.decode())
    with person.scope.transaction():
        names = {row.pk.hex: row.name for row in AppField.objects.filter(connection=person.connection)}
    wanted = {"Email": "standard:email", "Tier": "new", "Lists": "lists"}
    data = {
        name: wanted[names[name.partition("_")[2]]] if name.startswith("choice") else "" for name in fields
    }
    data |= {name: "Tier level" for name in fields if name.startswith("label")}
    data |= {name: "string" for name in fields if name.startswith("type")}
    answer = person.client.post(answer["Location"], data)
    answer = person.client.post(
        answer["Location"], {"everyone": "", "permission": "on", "list_0": "new", "name_0": "Gold people"}
    )
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert (job.state, job.created) == ("done", 1), job.explanation
    assert "Gold people" in {
        one["name"] for one in live_simulator.simulator.get("/v3/contact_lists?limit=1000")["lists"]
    }
    assert "There is nothing to take" in words(person.client.get(where(world)))
    databases["operator"].close()
