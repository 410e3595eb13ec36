"""What an import costs and how it gets along: its quote, the temporary list, calls that fail or are cut."""

import html
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.urls import reverse

from connections import facts
from mapping.models import ListMapping
from syncjobs.models import Batch, ScratchList, SyncJob, WatchedActivity
from syncjobs.polling import Pace
from tests.flows.importing import Person, contacts, csv_file, run_until
from tests.flows.mirrors import linked
from tests.flows.test_import_tags import CHOICES, COLUMNS, tags_of

IMPORT = "/v3/activities/contacts_file_import"


@pytest.fixture
def person(world, simulator):
    found = Person(world)
    linked(found)
    return found


def begin(person, rows, header=COLUMNS, choices=CHOICES, **answers):
    """The start page of a file, and the import's page after it."""
    address = person.columns(person.upload(csv_file(rows, header))["Location"], choices)["Location"]
    page = person.client.get(address).content.decode()
    data = {"everyone": "new", "new_name": "Everyone", "permission": "on", **answers}
    answer = person.client.post(address, data)
    assert answer.status_code == 302, answer.content.decode()
    return page, answer["Location"]


def finish(person, address):
    return person.finish(address.rstrip("/").rpartition("/")[2])


def spent(person, job):
    """The job's provider calls without looks at the activities: how many those are is a matter of time."""
    from connections.models import ProviderCall

    with person.scope.transaction():
        calls = ProviderCall.objects.filter(job_id=job.pk, purpose="api")
        made = calls.exclude(method="GET", path__startswith="/v3/activities").order_by("id")
        return [f"{one.method} {one.path}" for one in made]


def tagged(number, count=60):
    return [[f"p{n}@people.example", "Ada", "vip" if n % number == 0 else ""] for n in range(count)]


def names_there(simulator):
    """The account's lists besides the one that it began with."""
    names = [one["name"] for one in simulator.get("/v3/contact_lists?limit=500")["lists"]]
    return [name for name in names if name != "General Interest"]


def test_a_quote_holds_and_a_temporary_list_is_gone_at_the_end(person, simulator):
    simulator.since = simulator.ask("/_sim/state")["journal_seq"]
    page, address = begin(person, tagged(2, 2_100), tag_0="new", tag_name_0="VIP", temporary="account")
    assert "No temporary list may be made in this account; with one it would take about" in page
    job = finish(person, address)
    assert (job.state, job.created) == ("done", 2_100)
    assert names_there(simulator) == ["Everyone"]
    with person.scope.transaction():
        assert ScratchList.objects.get().removed_at is not None
        kinds = list(Batch.objects.filter(job=job).values_list("kind", flat=True))
    assert kinds[-2:] == ["tag_on", "delete_scratch"]
    quote = job.options["quote"]
    page = person.client.get(address).content.decode()
    assert quote["text"] in html.unescape(page)
    assert "quoted" in page

    made = spent(person, job)
    assert len(made) == quote["calls"] - quote["polls"], (quote, made)


def test_everybody_of_a_new_list_is_tagged_by_that_list(person, simulator):
    _, address = begin(person, tagged(1), tag_0="new", tag_name_0="VIP", temporary="no")
    job = finish(person, address)
    assert job.state == "done"
    assert all(tags == {"VIP"} for tags in tags_of(simulator).values())
    with person.scope.transaction():
        assert list(Batch.objects.values_list("kind", flat=True)) == ["import_csv", "tag_on"]
        assert not ScratchList.objects.exists()


def test_without_leave_people_are_found_on_the_accounts_pages(person, simulator):
    _, address = begin(person, tagged(3), tag_0="new", tag_name_0="VIP", temporary="no")
    job = finish(person, address)
    assert job.state == "done"
    tagged_there = {name for name, tags in tags_of(simulator).items() if tags}
    assert tagged_there == {f"p{n}@people.example" for n in range(0, 60, 3)}
    assert names_there(simulator) == ["Everyone"]


def test_a_failed_import_goes_again_in_halves(person, simulator):
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    rows = [[f"p{n}@people.example", "Ada", ""] for n in range(21)]
    _, address = begin(person, rows)
    job = finish(person, address)
    assert (job.state, job.created, len(contacts(simulator))) == ("done", 21, 21)
    with person.scope.transaction():
        calls = list(Batch.objects.order_by("number").values_list("row_count", "state", "depth"))
    assert calls == [(21, "replaced", 0), (11, "finished", 1), (10, "finished", 1)]


def test_an_import_that_always_fails_ends_with_a_reason(person, simulator):
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 100})
    _, address = begin(person, [["a@people.example", "Ada", ""], ["b@people.example", "Ben", ""]])
    job = finish(person, address)
    assert (job.state, job.rejected) == ("done", 2)
    assert {row["reason"] for row in person.rows(job, "rejected")} == {"not_taken"}
    with person.scope.transaction():
        assert max(Batch.objects.values_list("depth", flat=True)) == 3


def test_the_tail_of_a_cut_import_is_sent_again(person, simulator):
    """The provider may mean 4,000,000 bytes where somebody found more: it cuts without a word."""
    facts.keep("import_cap_bytes", "4194304", "found out by hand", datetime.now(UTC))
    header = ["Email", *(f"Field {n}" for n in range(10))]
    choices = {"Email": ("standard:email",)} | {name: ("new", name, "string") for name in header[1:]}
    rows = [[f"p{n}@people.example", *["x" * 255] * 10] for n in range(1_600)]
    _, address = begin(person, rows, header, choices)
    job = finish(person, address)
    assert (job.state, job.created, len(contacts(simulator))) == ("done", 1_600, 1_600)
    with person.scope.transaction():
        cut, tail = Batch.objects.order_by("number")
    assert cut.row_count == 1_600
    assert tail.row_count == cut.counters["sent_again"] == 1_600 - cut.counters["person"] > 0
    sent = [call for call in simulator.calls() if call["path"] == IMPORT]
    assert len(sent) == 2


@pytest.mark.parametrize(("settled", "sent", "reason"), [("", 3, "not_taken"), ("50", 2, "email_too_long")])
def test_an_address_longer_than_imports_take(person, simulator, settled, sent, reason):
    """Until it is found out that 50 characters are the most, longer ones are sent and what became of them is told."""
    simulator.ask("/_sim/switches", {"import_email_length": 50}, "PUT")
    if settled:
        facts.keep("import_email_length", settled, "a probe", datetime.now(UTC))
    names = ["a", "b", "x" * 46]
    _, address = begin(person, [[f"{name}@people.example", "Ada", ""] for name in names])
    job = finish(person, address)
    assert (job.state, job.created, job.rejected) == ("done", 2, 1)
    assert [row["reason"] for row in person.rows(job, "rejected")] == [reason]
    with person.scope.transaction():
        assert sum(Batch.objects.values_list("row_count", flat=True)) == sent


def test_the_first_import_is_looked_at_when_it_is_likely_done(person, simulator):
    facts.keep("import_seconds_per_1000", "20", "a probe", datetime.now(UTC))
    _, address = begin(person, [["a@people.example", "Ada", ""], ["b@people.example", "Ben", ""]])
    run_until(person, address.rstrip("/").rpartition("/")[2], "processing")
    with person.scope.transaction():
        (watched,) = WatchedActivity.objects.filter(kind="import_csv")
        job = SyncJob.objects.get(kind="import")
    usual = settings.ENV.ACTIVITY_SECONDS
    found, guessed = (Pace.guess(usual, slope).predict(2) for slope in (20.0, None))
    assert watched.predicted_seconds == pytest.approx(found) != guessed
    assert job.options["quote"]["seconds"] > found


def test_a_list_that_a_stopped_import_leaves_behind_is_swept_away(person, simulator):
    from syncjobs.imports import scratch

    _, address = begin(person, tagged(2, 2_100), tag_0="new", tag_name_0="VIP", temporary="workspace")
    job_id = address.rstrip("/").rpartition("/")[2]
    run_until(person, job_id, "sending")
    assert len(names_there(simulator)) == 2
    person.client.post(reverse("stop-job", args=[*person.account[:2], job_id]))
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert names_there(simulator) == ["Everyone"]
    assert len([call for call in simulator.calls() if call["path"].endswith("list_delete")]) == 1
    scratch.sweep()
    assert len([call for call in simulator.calls() if call["path"].endswith("list_delete")]) == 1


def quoted_on(page):
    """The price that a page or its part says."""
    page = html.unescape(page)
    return re.search(r"It will take about (.*?)\.(?:\s|<)", page.split('id="quote"')[-1], re.DOTALL)[1]


def test_the_page_says_the_price_that_is_kept(person):
    """With the choices as they stand, and anew with others: asking for a price starts and keeps nothing."""
    rows = [[f"p{n}@people.example", "Ada", "vip" if n % 3 else "", "A" if n % 2 else "B"] for n in range(60)]
    header, choices = [*COLUMNS, "Lists"], {**CHOICES, "Lists": ("lists",)}
    address = person.columns(person.upload(csv_file(rows, header))["Location"], choices)["Location"]
    first = quoted_on(person.client.get(address).content.decode())
    data = {
        "list_0": "new",
        "name_0": "A",
        "list_1": "new",
        "name_1": "B",
        "tag_0": "new",
        "tag_name_0": "VIP",
    }
    data |= {"everyone": "", "everyone_tag": "", "temporary": "no"}
    others = {"everyone_tag": "new", "new_tag": "All"}, {"list_1": "ignored"}

    def asked(**more):
        answer = person.client.post(address, {**data, **more}, headers={"HX-Request": "true"})
        return quoted_on(answer.content.decode())

    assert asked() == first
    assert len({first, *(asked(**other) for other in others)}) == 3
    said = asked(**others[0])
    with person.scope.transaction():
        assert not SyncJob.objects.filter(kind="import").exists()
        assert not ListMapping.objects.exists()
    answer = person.client.post(address, {**data, **others[0], "permission": "on"})
    assert answer.status_code == 302, answer.content.decode()
    with person.scope.transaction():
        assert SyncJob.objects.get(kind="import").options["quote"]["text"] == said
    assert said in html.unescape(person.client.get(answer["Location"]).content.decode())


def test_a_price_names_the_days_calls_and_what_choices_cost_without_javascript(person):
    rows = [["a@people.example", "Ada", ""]]
    address = person.columns(person.upload(csv_file(rows, COLUMNS))["Location"], CHOICES)["Location"]
    page = person.client.get(address).content.decode()
    assert "of today's 10,000 calls to Constant Contact, about " in html.unescape(page)
    assert re.search(r"A new tag for everyone takes \d+ calls? more", page)
