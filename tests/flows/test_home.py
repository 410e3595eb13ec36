"""Home, accounts, mapping, automations and jobs over HTTP: what needs somebody, numbers that lead to their lists."""

import html
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.template.base import Template
from django.test.utils import instrumented_test_render
from django.urls import reverse

from connections.models import Connection, ProviderApp, QuotaDay, QuotaPool
from mapping import editing
from mapping.editing import FieldChoice, ListChoice
from mapping.models import RemoteField, RemoteList
from syncjobs import filters
from syncjobs.models import SyncJob

NOW = datetime.now(UTC)
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")


class Place:
    """Somebody's environment, its rows and its pages."""

    def __init__(self, world, user=None, kind="test"):
        self.world, self.kind = world, kind
        self.scope = world.scope(user, kind)
        self.client = world.client(user or world.owner)

    def url(self, name, *ids):
        return reverse(name, args=[self.scope.tenant_id, self.kind, *ids])

    def get(self, name, query=None, *ids, **headers):
        answer = self.client.get(self.url(name, *ids), query or {}, headers=headers)
        assert answer.status_code == 200, answer.status_code
        return answer

    def text(self, name, query=None, **headers):
        found = re.sub(r"<[^>]+>", " ", self.get(name, query, **headers).content.decode())
        return html.unescape(" ".join(found.split()))

    def account(self, name="Acme Bakery", status="active", **facts):
        row = self.world.connection(self.scope.user, name=name, status=status)
        with self.scope.transaction():
            Connection.objects.filter(pk=row.pk).update(**facts)
        return row

    def job(self, connection, state="done", **facts):
        counts = {name: facts.get(name, 0) for name in OUTCOMES}
        made = {
            "tenant_id": connection.tenant_id,
            "environment_id": connection.environment_id,
            "connection": connection,
            "kind": "import",
            "idempotency_key": uuid4().hex,
            "state": state,
            "stage": "finishing",
            "options": {"file_name": facts.pop("file", "people.csv")},
            "not_before": NOW + timedelta(days=300),
            "accepted": sum(counts.values()),
            "ended_at": NOW if state in {"done", "failed", "stopped"} else None,
            **facts,
        }
        with self.scope.transaction():
            return SyncJob.objects.create(**made)


@pytest.fixture(autouse=True)
def contexts(monkeypatch):
    """Answers tell what their templates were given."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


@pytest.fixture
def place(world):
    return Place(world)


# --- The frame -----------------------------------------------------------------------------------------------


def test_the_first_page_is_home(place):
    assert place.client.get("/")["Location"] == place.url("workspace-home")


@pytest.mark.parametrize("name", ["workspace-home", "connections", "mapping-home", "automations"])
def test_the_menu_marks_where_one_is_and_the_switch_keeps_the_section(place, name):
    page = place.get(name).content.decode()
    marked = re.findall(r'<a href="([^"]+)" aria-current="page">', page)
    assert marked == [place.url(name)]
    other = place.url(name).replace("/test/", "/live/")
    assert f'<a class="environment-switch" href="{other}">Switch to live</a>' in page
    assert "Test environment" in page
    back = place.client.get(other).content.decode()
    assert f'<a class="environment-switch" href="{place.url(name)}">Switch to test</a>' in back


def test_a_page_below_a_section_marks_the_section(place):
    assert f'href="{place.url("automations")}" aria-current="true"' in place.get("jobs").content.decode()


def test_only_who_has_several_workspaces_can_change(world, place):
    from connections.people import accounts

    assert "Change workspace" not in place.text("workspace-home")
    accounts.open_workspace(world.owner, "Second")
    assert "Change workspace" in place.text("workspace-home")


# --- Home: what needs somebody -----------------------------------------------------------------------------------


def test_nothing_needs_anybody(place):
    place.job(place.account(), created=1)
    assert "Nothing needs you" in place.text("workspace-home")


def test_what_needs_somebody_is_a_sentence_with_its_link(place):
    good = place.account()
    broken = place.account("Harbor Books", "needs_reauth", last_error="Access was taken away.")
    halted = place.job(good, "attention", explanation="The secret is refused.", file="halted.csv")
    failed = place.job(good, "failed", explanation="It kept failing.", file="failed.csv")
    many = place.job(good, created=50, rejected=50, file="rejects.csv")
    page = place.get("workspace-home").content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Harbor Books Access was taken away." in text
    assert f"{place.url('connect')}?reconnect={broken.pk}" in page
    assert "Import of halted.csv for Acme Bakery The secret is refused." in text
    assert place.url("job", halted.pk) in page
    # A later import of the account is done: the failed one needs nobody any more.
    assert "failed.csv" not in text
    assert place.url("job", failed.pk) not in page
    assert "50 of 100 rows were rejected; each says why." in text
    assert f"{place.url('job-rows', many.pk)}?outcome=rejected" in page


@pytest.mark.parametrize(
    ("state", "facts", "needs"),
    [
        ("done", {"created": 99, "rejected": 1}, False),
        ("done", {"created": 19, "rejected": 1}, True),
        ("done", {"created": 9_000, "rejected": 100}, True),
        ("done", {"rejected": 3, "ended_at": NOW - timedelta(days=8)}, False),
        ("failed", {}, True),
        ("failed", {"ended_at": NOW - timedelta(days=8)}, False),
        ("attention", {}, True),
        ("stopped", {}, False),
        ("running", {}, False),
        ("waiting", {"reason": "quota_exceeded"}, False),
    ],
)
def test_which_jobs_need_somebody(place, state, facts, needs):
    place.job(place.account(), state, **facts)
    assert ("Nothing needs you" in place.text("workspace-home")) is not needs
    listed = place.get("jobs", {"state": "needs-somebody"}).context["count"]
    assert listed == int(needs)


def test_a_job_that_waits_for_its_account_is_said_once(place):
    broken = place.account("Harbor Books", "needs_reauth")
    place.job(broken, "attention", reason="needs_reauth", explanation="Reconnect.")
    assert len(place.get("workspace-home").context["needs"]) == 1


def test_the_rest_is_a_link_to_exactly_that(place):
    good = place.account()
    for number in range(12):
        place.account(f"Broken {number}", "needs_reauth")
    for number in range(8):
        place.job(good, "failed", file=f"{number}.csv")
    context = place.get("workspace-home").context
    assert len(context["needs"]) == 10
    accounts, jobs = context["more"]
    assert (accounts.label, jobs.label) == ("And 7 more accounts", "And 3 more jobs")
    assert place.client.get(accounts.url).context["count"] == 12
    assert place.client.get(jobs.url).context["count"] == 8


def test_more_jobs_than_are_counted_are_said_so(place, monkeypatch):
    monkeypatch.setattr(filters, "MOST_COUNTED", 11)
    account = place.account()
    for number in range(12):
        place.job(account, "failed", file=f"{number}.csv")
    context = place.get("workspace-home").context
    assert (len(context["needs"]), context["more"][0].label) == (10, "And at least 1 more job")
    found = place.client.get(context["more"][0].url).context
    assert (found["count"], found["is_more"]) == (11, True)
    assert found["sentence"] == "More than 11 jobs in the state “needs somebody”"


def used(number):
    pool = QuotaPool.objects.using("operator").get()
    day = datetime.now(UTC).date()
    QuotaDay.objects.using("operator").update_or_create(pool=pool, day=day, defaults={"used": number})


def test_a_limit_of_ones_own_that_is_nearly_used_is_said(place):
    place.account()
    ProviderApp.objects.using("operator").update(tenant_id=place.scope.tenant_id)
    assert "calls are used" not in place.text("workspace-home")
    used(9_412)
    assert "9,412 of today's 10,000 calls are used. What is more waits" in place.text("workspace-home")


def test_of_a_limit_that_others_use_too_only_its_end_is_said(place):
    place.account()
    used(9_412)
    assert "calls are used" not in place.text("workspace-home")
    used(10_000)
    assert "Today's calls are used. What waits goes on by itself at 00:00 UTC." in place.text(
        "workspace-home"
    )
    assert "10,000" not in place.text("workspace-home")


# --- Home: the last day ------------------------------------------------------------------------------------------


def test_the_numbers_add_up_and_lead_to_what_they_count(place):
    first, second = place.account(), place.account("Harbor Books")
    place.job(first, created=4, updated=3, unchanged=2, skipped=1, rejected=5)
    place.job(second, "stopped", created=10, skipped=7)
    place.job(second, created=100, ended_at=NOW - timedelta(hours=25))
    place.job(second, "running", accepted=9)
    context = place.get("workspace-home").context
    counted = {one["label"]: one["value"] for one in context["counters"]}
    assert counted == {"Created": 14, "Updated": 3, "No change": 2, "Skipped": 8, "Rejected": 5}
    assert context["moved"] == sum(counted.values()) == 32
    for counter in context["counters"]:
        found = place.client.get(counter["url"]).context
        name = found["asked"].outcome
        assert sum(getattr(job, name) for job, _ in found["jobs"]) == counter["value"]
        assert f"{counter['value']:,} " in found["sentence"]


def test_a_day_without_jobs_says_so(place):
    assert "No job has ended in the last 24 hours." in place.text("workspace-home")


# --- Home: first steps -------------------------------------------------------------------------------------------


def test_the_steps_are_done_by_what_is_there(world, place):
    def done():
        return [step.is_done for step in place.get("workspace-home").context["steps"]]

    assert done() == [False, False, False, False]
    account = place.account()
    assert done() == [True, False, False, False]
    steps = place.get("workspace-home").context["steps"]
    assert steps[3].url == place.url("upload", account.pk)
    with place.scope.transaction():
        (row,) = editing.declare(account, ["Email"])
        editing.save_fields(account, [FieldChoice(row.pk, "standard:email")])
    assert done() == [True, False, True, False]
    place.job(account, skipped=5)
    assert done() == [True, False, True, False], "nobody has arrived"
    place.job(account, created=1)
    assert done() == [True, False, True, True]
    live = Place(world, kind="live")
    with live.scope.transaction():
        Connection.objects.create(
            tenant_id=live.scope.tenant_id,
            environment_id=live.scope.environment_id,
            provider_app_id=account.provider_app_id,
            account_id="real",
            status="active",
        )
    page = place.get("workspace-home")
    assert page.context["all_done"]
    assert "All 4 steps are done" in page.content.decode()
    assert '<details id="steps">' in page.content.decode()
    there = [step.is_done for step in live.get("workspace-home").context["steps"]]
    assert there == [True, True, False, False], "mapping and import are of the environment one looks at"


def test_live_without_an_application_leads_to_going_live(place):
    step = place.get("workspace-home").context["steps"][1]
    assert (step.label, step.url) == ("How to go live", "/docs/go-live/")


def test_a_viewer_is_offered_nothing_that_is_refused(world):
    place = Place(world, world.owner)
    place.account("Harbor Books", "needs_reauth")
    place.account()
    watcher = Place(world, world.owner)
    watcher.client = world.client(world.member)
    page = watcher.get("workspace-home")
    links = set(re.findall(r'href="(/w/[^"]+)"', page.content.decode()))
    for link in links:
        assert watcher.client.get(link.replace("&amp;", "&")).status_code == 200, link
    assert "An owner, admin or marketer can import." in page.content.decode()


def test_home_moves_by_a_fragment(place):
    part = place.get("workspace-home", **{"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div class="stack-wide" id="overview"')
    assert "every 30s" in part and "<html" not in part


# --- Accounts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def several(place):
    place.account("Zoë Flowers", customer_ref="cust-17", account_email="zoe@flowers.example")
    place.account("acme bakery", account_id="A1B2")
    place.account("Harbor 100% Books", "needs_reauth")
    place.account("Mill", "validation_error")
    return place


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["acme bakery", "Harbor 100% Books", "Mill", "Zoë Flowers"]),
        ("z", ["acme bakery", "Harbor 100% Books", "Mill", "Zoë Flowers"]),
        ("ACME", ["acme bakery"]),
        ("ZOË", ["Zoë Flowers"]),
        ("a1b", ["acme bakery"]),
        ("CUST-17", ["Zoë Flowers"]),
        ("zoe@FLOWERS", ["Zoë Flowers"]),
        ("books harbor", ["Harbor 100% Books"]),
        ("100%", ["Harbor 100% Books"]),
        ("%%", []),
        ("__", []),
        ("nobody", []),
        ("x" * 5_000, []),
    ],
)
def test_an_account_is_found_by_what_one_knows_of_it(several, asked, names):
    page = several.get("connections", {"q": asked})
    assert [account.row.account_name for account in page.context["accounts"]] == names
    assert page.context["count"] == len(names)


def test_no_match_names_what_to_remove(several):
    text = several.text("connections", {"q": "acme", "health": "stopped"})
    assert "None is “Stopped” and has “acme” in its name" in text
    assert "Remove the filter “Stopped”" in text and "Remove the search “acme”" in text


def test_health_filters_agree_with_the_words(several):
    account = several.account("Busy")
    several.job(account, "waiting", reason="quota_exceeded", explanation="Today's limit is used.")
    asking = several.account("Asking")
    several.job(asking, "attention", explanation="The secret is refused.")
    several.account("Resting", paused_at=NOW)
    everyone = several.get("connections").context
    for value, label, count in everyone["choices"]:
        found = several.get("connections", {"health": value}).context
        assert found["count"] == count == len(found["accounts"]) > 0, label
        if value != "reconnect":
            assert {one.health.word for one in found["accounts"]} == {label}
    words = {one.row.account_name: one.health.word for one in everyone["accounts"]}
    assert words["Busy"] == "Late" and words["Asking"] == "Needs you"


def test_a_line_says_what_happened_last(place):
    account = place.account()
    place.job(account, created=3, ended_at=NOW - timedelta(days=2), file="good.csv")
    place.job(account, "failed", explanation="It kept failing.", file="bad.csv")
    (line,) = place.get("connections").context["accounts"]
    assert line.last_success_at == NOW - timedelta(days=2)
    assert line.job.options["file_name"] == "bad.csv"
    assert line.progress.word == "Failed, nothing changed"


def test_pages_go_forth_and_back_and_hold_everyone_once(place):
    rows = [place.account(f"Account {number:03}") for number in range(3)]
    with place.scope.transaction():
        Connection.objects.bulk_create(
            [
                Connection(
                    tenant_id=rows[0].tenant_id,
                    environment_id=rows[0].environment_id,
                    provider_app_id=rows[0].provider_app_id,
                    account_id=f"id-{number}",
                    account_name="The same name" if number < 70 else f"account {number:03}",
                    status="active",
                )
                for number in range(125)
            ]
        )
    address, seen, pages = place.url("connections") + "?q=a", [], []
    while address:
        page = place.client.get(address).context["page"]
        seen += [row.pk for row in page.rows]
        pages.append([row.pk for row in page.rows])
        address = f"{place.url('connections')}?{page.next}" if page.next else ""
    assert len(seen) == len(set(seen)) == 128
    assert [len(one) for one in pages] == [50, 50, 28]
    back = place.client.get(f"{place.url('connections')}?{page.previous}").context["page"]
    assert [row.pk for row in back.rows] == pages[1]
    first = place.client.get(f"{place.url('connections')}?{back.previous}").context["page"]
    assert [row.pk for row in first.rows] == pages[0] and not first.previous
    gone = place.get("connections", {"after": str(uuid4())}).context["page"]
    assert [row.pk for row in gone.rows] == pages[0]


def test_htmx_gets_the_results_alone(several):
    part = several.get("connections", {"q": "acme"}, **{"HX-Request": "true"}).content.decode()
    assert 'id="results"' in part and "<html" not in part and "1 account with “acme”" in part


def test_an_empty_list_offers_one_action(world, place):
    assert "Live accounts are linked through" in Place(world, kind="live").text("connections")
    assert "/docs/go-live/" in Place(world, kind="live").get("connections").content.decode()
    place.account()
    with place.scope.transaction():
        Connection.objects.all().delete()
    assert "Connect an account" in place.text("connections")


# --- Mapping -----------------------------------------------------------------------------------------------------


def test_the_mapping_of_each_account_at_a_glance(place):
    account = place.account()
    place.account("Untouched")
    here = {"tenant_id": account.tenant_id, "environment_id": account.environment_id, "connection": account}
    with place.scope.transaction():
        alive, gone = (
            RemoteField.objects.create(
                **here, custom_field_id=uuid4(), label=label, name=label, type="string", read_at=NOW
            )
            for label in ("Plan", "Tier")
        )
        kept = RemoteList.objects.create(**here, list_id=uuid4(), name="News", read_at=NOW)
        names = ["Email", "Plan", "Tier", "New", "Unused", "Undecided"]
        rows = {row.name: row.pk for row in editing.declare(account, names)}
        to = {
            "Email": "standard:email",
            "Plan": f"custom:{alive.custom_field_id}",
            "Tier": f"custom:{gone.custom_field_id}",
            "New": "new",
            "Unused": "ignored",
        }
        editing.save_fields(account, [FieldChoice(rows[name], one, name) for name, one in to.items()])
        lists = {"News": str(kept.list_id), "Old": "ignored", "Lost": str(uuid4())}
        editing.save_lists(account, [ListChoice(name, one) for name, one in lists.items()])
    (whole,) = [one for one in place.get("mapping-home").context["accounts"] if one.row == account]
    assert whole.sentence == "4 of 6 fields, 2 lists"
    assert whole.word == "Broken"
    assert place.get("mapping-home", {"mapping": "none"}).context["count"] == 1
    with place.scope.transaction():
        gone.delete()
    (whole,) = place.get("mapping-home", {"mapping": "broken"}).context["accounts"]
    assert whole.needs == [
        "1 custom field no longer in the account. Choose another.",
        "1 list no longer in the account. Choose another.",
        "1 field not decided yet.",
    ]
    assert place.get("mapping-home", {"mapping": "set"}).context["count"] == 0


def test_no_mapping_leads_to_the_accounts(place):
    assert "A mapping belongs to an account, and none is linked here." in place.text("mapping-home")


# --- Automations and jobs ------------------------------------------------------------------------------------


def test_what_is_at_work_stands_first(place):
    account = place.account()
    place.job(account, file="over.csv")
    place.job(account, "waiting", file="waits.csv")
    context = place.get("automations").context
    assert [job.options["file_name"] for job, _ in context["pinned"]] == ["waits.csv"]
    assert [job.options["file_name"] for job, _ in context["last"]] == ["over.csv"]
    assert "every 5s" in place.get("automations").content.decode()


def test_nothing_at_work_offers_one_action(place):
    assert "To the accounts" in place.text("automations")


def test_jobs_are_filtered_in_words(place):
    first, second = place.account(), place.account("Harbor Books")
    place.job(first, created=2)
    place.job(second, "failed")
    place.job(second, "running")
    for query, count, words in (
        ({"state": "open"}, 1, "1 job in the state “queued, running or waiting”"),
        ({"account": str(second.pk)}, 2, "2 jobs of Harbor Books"),
        ({"since": "24h"}, 2, "2 jobs that ended in the last 24 hours"),
        ({"outcome": "created"}, 1, "1 job with people created; 2 created in all"),
        ({"account": str(uuid4())}, 0, "No job of an account that is not here"),
        ({"state": "x", "since": "x", "outcome": "x", "account": "x", "after": "x"}, 3, "3 jobs"),
    ):
        found = place.get("jobs", query).context
        assert (found["count"], found["sentence"]) == (count, words)


def test_jobs_go_page_by_page(place):
    account = place.account()
    made = [place.job(account).pk for _ in range(53)]
    first = place.get("jobs").context["page"]
    second = place.client.get(f"{place.url('jobs')}?{first.next}").context["page"]
    assert [row.pk for row in [*first.rows, *second.rows]] == made[::-1]
    assert not second.next and second.previous


@pytest.mark.parametrize("value", ["²", "9" * 400, "-1", "'\"<script>", "\ud7ff\U0010ffff", "%", "\\"])
def test_nonsense_in_an_address_is_no_fault(place, value):
    place.job(place.account())
    names = ("q", "health", "mapping", "state", "since", "outcome", "account", "after", "before")
    for name in ("workspace-home", "connections", "mapping-home", "automations", "jobs"):
        place.get(name, dict.fromkeys(names, value))
