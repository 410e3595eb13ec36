"""`manage.py probe` against the simulator: each point it asks is told both ways, within its calls, and cleared away."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from connections import facts
from connections.models import Connection
from connections.probing import probe
from tests.flows.test_connect import come_back, connections_of, consent, start
from tests.long import LONG_ONLY

# What the probe finds by itself, with the other answer that a switch can give.
FLIPPED = {
    "import_file_name": "absent",
    "window_bounds": "exclusive",
    "lists_move_updated_at": "no",
    "tags_move_updated_at": "no",
    "delete_moves_updated_at": "no",
    "delete_lag_seconds": 60,
    "import_revives_deleted": "no",
    "import_email_length": 50,
    "export_contact_id": "present",
    "export_tags": "present",
    "export_custom_fields": "absent",
    "export_includes_removed": "yes",
}
# Points with more than two answers.
OTHERS = [
    {"export_list_separator": ", ", "index_lag_seconds": 60, "import_error_texts": "by_address"},
    {"export_list_separator": "|", "index_lag_seconds": 120, "import_error_texts": "counts_only"},
    {"index_lag_seconds": 180},
]


class Watch:
    """A time that runs with the simulator's: waiting moves it on."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.waited = 0.0

    def wait(self, seconds):
        self.waited += seconds
        self.simulator.ask("/_sim/clock", {"advance_seconds": seconds})

    def now(self):
        return datetime.now(UTC) + timedelta(seconds=self.waited)


@pytest.fixture
def account(world, simulator):
    """Harbor Books, the lively account, linked, as an operator sees it."""
    scope, client = world.scope(), world.client(world.owner)
    come_back(client, consent(start(client, scope), account="Harbor Books"))
    (linked,) = connections_of(scope)
    rows = Connection.objects.using("operator").select_related("provider_app__pool")
    pool = rows.get(pk=linked.pk).provider_app.pool
    pool.calls_per_second = 1_000
    pool.save(using="operator")
    return rows.get(pk=linked.pk)


def run(simulator, account, **options):
    watch = Watch(simulator)
    return probe.run(account, wait=watch.wait, now=watch.now, **options)


def answers(report):
    return {one.name: one.answer for one in report.findings}


def people(simulator):
    found = simulator.get("/v3/contacts?status=all&limit=500", account="Harbor Books")["contacts"]
    return {one["contact_id"] for one in found if "deleted_at" not in one}


def lists(simulator):
    return {
        one["name"] for one in simulator.get("/v3/contact_lists?limit=500", account="Harbor Books")["lists"]
    }


def test_every_point_as_it_is_likely(simulator, account):
    before, lists_before = people(simulator), lists(simulator)
    simulator.since = simulator.ask("/_sim/state")["journal_seq"]
    report = run(simulator, account, domain="example.org")
    assert report.trouble == ""
    asked = {fact.name: fact.likely for fact in facts.FACTS if fact.found != "hand"}
    told = answers(report)
    assert told.pop("import_seconds_per_1000") is None  # three rows are too few to tell
    del asked["import_seconds_per_1000"]
    assert told == asked
    calls = [one for one in simulator.calls() if one["client_id"]]
    assert report.calls == len(calls) <= probe.MOST_CALLS
    simulator.ask("/_sim/clock", {"advance_seconds": 10})
    assert people(simulator) == before
    assert lists(simulator) == lists_before
    assert facts.found() == asked


def test_every_point_the_other_way(simulator, account):
    simulator.ask("/_sim/switches", FLIPPED, "PUT")
    report = run(simulator, account, domain="example.org")
    assert report.trouble == ""
    told = answers(report)
    assert {name: told[name] for name in FLIPPED} == {name: str(answer) for name, answer in FLIPPED.items()}
    assert report.calls <= probe.MOST_CALLS


@pytest.mark.parametrize("switches", OTHERS)
def test_the_further_answers(simulator, account, switches):
    simulator.ask("/_sim/switches", switches, "PUT")
    report = run(simulator, account, domain="example.org")
    assert report.trouble == ""
    told = answers(report)
    assert {name: told[name] for name in switches} == {name: str(answer) for name, answer in switches.items()}
    assert report.calls <= probe.MOST_CALLS


@LONG_ONLY
@pytest.mark.parametrize(
    ("name", "flipped"), [*FLIPPED.items(), *(pair for switches in OTHERS for pair in switches.items())]
)
def test_a_point_turned_alone_changes_no_other(simulator, account, name, flipped):
    simulator.ask("/_sim/switches", {name: flipped}, "PUT")
    report = run(simulator, account, domain="example.org")
    assert report.trouble == ""
    likely = {fact.name: fact.likely for fact in facts.FACTS if fact.found != "hand"}
    wanted = likely | {name: str(flipped), "import_seconds_per_1000": None}
    assert answers(report) == wanted
    assert report.calls <= probe.MOST_CALLS


def test_reading_writes_nothing(simulator, account):
    report = run(simulator, account)
    methods = {
        (one["method"], one["path"].partition("?")[0]) for one in simulator.calls() if one["method"] != "GET"
    }
    assert methods == {("POST", "/v3/activities/contact_exports")}
    reading = {fact.name for fact in facts.FACTS if fact.found == "read"}
    assert set(answers(report)) == reading


def test_a_probe_that_is_refused_clears_away_and_says_so(simulator, account):
    lists_before = lists(simulator)
    fault = {"method": "DELETE", "match": "^/v3/contacts/", "status": 403, "times": 1}
    simulator.ask("/_sim/faults", fault)
    report = run(simulator, account, domain="example.org")
    assert "Not allowed" in report.trouble
    assert "delete_moves_updated_at" not in answers(report)
    simulator.ask("/_sim/clock", {"advance_seconds": 10})
    assert lists(simulator) == lists_before


def test_what_a_person_found_out_is_kept(database):
    out = io.StringIO()
    call_command("probe", answer=["import_cap_bytes=4194304"], stdout=out)
    assert facts.number("import_cap_bytes") == 4_194_304
    text = out.getvalue()
    assert "import_cap_bytes: '4194304', as kept" in text
    assert "limiter: open; 'sliding' is assumed. It cannot be tried" in text


def test_the_simulator_goes_by_what_was_found_out(simulator):
    answers = ["import_cap_bytes=4194304", "export_tags=present", "import_seconds_per_1000=3"]
    call_command("probe", answer=answers, stdout=io.StringIO())
    call_command("ensure_defaults", simulator_url=simulator.url, stdout=io.StringIO())
    switches = {one["name"]: one["answer"] for one in simulator.ask("/_sim/switches")}
    assert (switches["import_cap_bytes"], switches["export_tags"]) == (4_194_304, "present")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"answer": ["moon=full"]}, "There is no point moon"),
        ({"answer": ["limiter=none"]}, "limiter is one of"),
        ({"answer": ["limiter"]}, "is not POINT=ANSWER"),
        ({"answer": ["import_seconds_per_1000=-1"]}, "a number of 0 or more"),
        ({"write": True}, "--write needs --connection"),
        ({"connection": "17"}, "is not the id of an account"),
        ({"connection": "00000000-0000-0000-0000-000000000000"}, "There is no linked account"),
        ({"connection": "00000000-0000-0000-0000-000000000000", "write": True}, "--write needs --domain"),
    ],
)
def test_a_wrong_wish_is_named(database, options, says):
    with pytest.raises(CommandError, match=says):
        call_command("probe", **options, stdout=io.StringIO())
