"""The page and the endpoint of the day's limit: one's own calls, one's own share, and nothing of others."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from connections import gateway
from connections.models import ProviderApp, QuotaPool, QuotaShare
from connections.quota.usage import OwnUse
from syncjobs import limits, runner
from tests.flows.importing import MAPPED, Person, csv_file
from tests.flows.mirrors import age, linked


@pytest.fixture
def person(world, simulator):
    person = Person(world)
    QuotaPool.objects.using("operator").update(calls_per_second=1_000)
    return person


def page(person, client=None):
    address = reverse("limits", args=person.account[:2])
    answer = (client or person.client).get(address)
    return answer.status_code, " ".join(answer.content.decode().split())


def asked(client, token):
    answer = client.get("/api/quota", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 200, answer.content
    return answer.json()["result"]


def test_the_numbers_are_the_calls_that_were_made(person, simulator, world):
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(5)]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    made = len(simulator.calls())
    found = asked(person.client, world.token())
    assert sum(found["by_class"].values()) == made
    assert found["used"] == found["by_class"]["interactive"] > 0
    assert found["left"] == found["share"] - found["used"]
    assert found["work"] == found["by_class"]["bulk"] + found["by_class"]["backfill"] > 0
    assert sum(one["used"] for one in found["by_account"]) == made
    assert found["by_purpose"]["api"] == made
    mine = [one for one in found["by_account"] if one["integrated_account_id"] == str(person.connection.pk)]
    assert mine[0]["used"] > 0
    status, text = page(person)
    assert status == 200
    assert "There is room today" in text
    assert f"{found['used']:,} used, " in text
    assert "Acme Bakery" in text


def test_a_first_reading_stands_behind_the_days_work(person, simulator, world):
    """Its calls are its own class, as the page says; those of an import's own reading are the import's."""
    linked(person)
    reading = asked(person.client, world.token())["by_class"]
    assert (reading["backfill"] > 0, reading["bulk"]) == (True, 0)
    text = re.sub(r"<[^>]*>", " ", page(person)[1])
    assert re.search(rf"First readings of an account\s+{reading['backfill']}\b", text), text
    age(person)
    rows = [["ann@people.example", "Ada", "One", "gold", "A"]]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    after = asked(person.client, world.token())["by_class"]
    assert (after["backfill"], after["bulk"] > 0) == (reading["backfill"], True)


def test_a_reading_that_an_import_waits_for_goes_as_the_import_does(person, simulator, world):
    answer = person.upload(csv_file([["ann@people.example", "Ada", "One", "gold", "A"]]))
    answer = person.columns(answer["Location"], MAPPED)
    person.start(answer["Location"], lists=["A"])
    linked(person)
    found = asked(person.client, world.token())["by_class"]
    assert (found["backfill"], found["bulk"] > 0) == (0, True)


def test_nothing_of_others_is_seen(person, world):
    calls = gateway.open_client(person.connection, "interactive")
    calls.contacts.counts()
    stranger = world.client(world.stranger)
    assert page(person, stranger)[0] == 404
    found = asked(stranger, world.token(world.stranger))
    assert (found["used"], found["by_account"], sum(found["by_class"].values())) == (0, [], 0)


@pytest.mark.parametrize(
    ("used", "title"),
    [(0.5, "There is room today"), (0.85, "More than four fifths"), (1.0, "Today's calls are used")],
)
def test_the_share_in_words(person, used, title):
    status, _ = page(person)
    assert status == 200
    app = ProviderApp.objects.using("operator").get(kind="test")
    share = limits.look(person.scope, datetime.now(UTC)).use.share
    QuotaShare.objects.using("operator").update_or_create(
        pool_id=app.pool_id,
        tenant_id=person.scope.tenant_id,
        defaults={"day": datetime.now(UTC).date(), "persons": round(share * used)},
    )
    assert title in page(person)[1]


def test_an_environment_without_an_application_says_so(person):
    address = reverse("limits", args=[person.scope.tenant_id, "live"])
    text = person.client.get(address).content.decode()
    assert "Live has no Constant Contact application yet" in text


def test_a_waiting_job_is_listed_with_its_reason(person, simulator):
    QuotaPool.objects.using("operator").update(closed_until=datetime.now(UTC) + timedelta(hours=1))
    rows = [["p1@people.example", "Ada", "One", "gold", "A"]]
    answer = person.columns(person.upload(csv_file(rows))["Location"], MAPPED)
    assert person.start(answer["Location"], lists=["A"]).status_code == 302
    runner.run_due("test-worker", for_seconds=1)
    assert "Waiting for a turn" in page(person)[1]
    assert "people.csv" in page(person)[1]
    assert asked(person.client, person.world.token())["waiting_jobs"] == 1


AT = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "share", "hours"),
    [(600, 1_200, 6), (600, 2_400, None), (40, 60, None), (600, 600, None), (300, 1_000, 14)],
)
def test_when_a_share_ends_at_todays_pace(used, share, hours):
    use = OwnUse(
        AT.date(), used, share, max(0, share - used), 0, share, AT.replace(hour=0) + timedelta(days=1), {}, {}
    )
    expected = None if hours is None else AT + timedelta(hours=hours)
    assert limits.runs_out(use, AT) == expected
