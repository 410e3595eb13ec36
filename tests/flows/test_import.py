"""Walk 3, over HTTP against the simulator: every row ends in one outcome, and the account holds what the page says."""

import csv
import io
import re

import pytest
from django.urls import reverse

from connections.models import Membership
from mapping.models import ConsentBasis, ConsentEntry
from syncjobs.imports import returned
from syncjobs.models import Batch, ImportRow, JobStep, SyncJob, Upload
from tests.flows.importing import COLUMNS, MAPPED, Person, contacts, csv_file, run_until
from tests.flows.test_import_troubles import mapped


@pytest.fixture
def person(world, simulator):
    return Person(world)


def test_an_import_ends_as_the_page_says(person, simulator):
    rows = [
        [f"p{n}@people.example", "Ada", f"Nr {n}", "gold" if n % 2 else "", "A;B" if n % 3 else "A"]
        for n in range(50)
    ]
    rows += [
        ["", "No", "address", "", "A"],
        ["nonsense", "Not", "one", "", "A"],
        ["late@people.example", "x" * 51, "Long", "", "A"],
    ]
    rows += [["p0@people.example", "Ada", "Last", "gold", "A"]]
    job = person.run(csv_file(rows), MAPPED, lists=["A", "B"])
    assert job.state == "done"
    assert job.outcome_counts == {"created": 50, "updated": 0, "unchanged": 0, "skipped": 1, "rejected": 3}
    assert job.accepted == 54
    there = contacts(simulator)
    assert len(there) == 50
    assert there["p0@people.example"]["last_name"] == "Last"
    assert {one["email_address"]["permission_to_send"] for one in there.values()} == {"implicit"}
    lists = {one["list_id"]: one["name"] for one in simulator.get("/v3/contact_lists?limit=500")["lists"]}
    assert {lists[one] for one in there["p1@people.example"]["list_memberships"]} == {"A", "B"}
    assert {lists[one] for one in there["p3@people.example"]["list_memberships"]} == {"A"}
    assert there["p1@people.example"]["custom_fields"][0]["value"] == "gold"
    rejected = person.rows(job, "rejected")
    assert [(row["line"], row["reason"]) for row in rejected] == [
        ("52", "missing_email"),
        ("53", "invalid_email"),
        ("54", "too_long"),
    ]
    assert person.rows(job, "skipped")[0]["line"] == "2"
    page = person.client.get(reverse("job", args=[*person.account[:2], job.pk])).content.decode()
    assert "Done with rejects" in page
    assert "50 of 54 rows are at Constant Contact" in page


def test_again_and_changed(person, simulator):
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(20)]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    before = contacts(simulator)
    choices = MAPPED | {
        "Plan": (f"custom:{next(iter(before.values()))['custom_fields'][0]['custom_field_id']}",)
    }
    with person.scope.transaction():
        from mapping.models import ListMapping

        list_id = str(ListMapping.objects.get(app_list="A").list_id)
    answer = person.upload(csv_file(rows))
    answer = person.columns(answer["Location"], choices)
    answer = person.client.post(
        answer["Location"], {"everyone": "", "permission": "on", "list_0": list_id, "name_0": ""}
    )
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert job.outcome_counts["unchanged"] == 20
    assert contacts(simulator) == before
    rows[3][2] = "Changed"
    rows.append(["new@people.example", "New", "One", "free", "A"])
    answer = person.columns(person.upload(csv_file(rows))["Location"], choices)
    answer = person.client.post(
        answer["Location"], {"everyone": "", "permission": "on", "list_0": list_id, "name_0": ""}
    )
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert job.outcome_counts == {"created": 1, "updated": 1, "unchanged": 19, "skipped": 0, "rejected": 0}
    assert contacts(simulator)["p3@people.example"]["last_name"] == "Changed"


def test_who_left_is_not_brought_back(person, simulator):
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(6)]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    there = contacts(simulator)
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "p1@people.example"})
    from urllib.request import Request, urlopen

    gone = there["p2@people.example"]["contact_id"]
    request = Request(f"{simulator.url}/v3/contacts/{gone}", method="DELETE")
    request.add_header("Authorization", f"Bearer {simulator.token()}")
    urlopen(request, timeout=10).close()
    rows = [[row[0], "Changed", *row[2:]] for row in rows]
    plan = there["p1@people.example"]["custom_fields"][0]["custom_field_id"]
    job = person.run(csv_file(rows), MAPPED | {"Plan": (f"custom:{plan}",)}, lists=["A"])
    assert job.outcome_counts == {"created": 0, "updated": 4, "unchanged": 0, "skipped": 2, "rejected": 0}
    assert {(row["Email"], row["reason"]) for row in person.rows(job, "skipped")} == {
        ("p1@people.example", "opted_out"),
        ("p2@people.example", "deleted_there"),
    }
    after = contacts(simulator)
    assert after["p1@people.example"]["email_address"]["permission_to_send"] == "unsubscribed"
    assert after["p1@people.example"]["first_name"] == "Ada"
    assert "deleted_at" in after["p2@people.example"]


def test_who_unsubscribes_between_compare_and_send_is_told_apart(person, simulator):
    """The provider refuses them; one more export tells whom."""
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(5)]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    plan = contacts(simulator)["p1@people.example"]["custom_fields"][0]["custom_field_id"]
    answer = person.upload(csv_file([[row[0], "B", *row[2:]] for row in rows]))
    answer = person.columns(answer["Location"], MAPPED | {"Plan": (f"custom:{plan}",)})
    answer = person.start(answer["Location"], ["A"])
    job_id = answer["Location"].rstrip("/").rpartition("/")[2]
    run_until(person, job_id, "sending")
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "p4@people.example"})
    job = person.finish(job_id)
    assert job.state == "done"
    assert job.outcome_counts == {"created": 0, "updated": 4, "unchanged": 0, "skipped": 1, "rejected": 0}
    assert person.rows(job, "skipped")[0]["reason"] == "opted_out"


def test_one_list_for_everyone_and_a_file_without_lists(person, simulator):
    content = csv_file([["a@people.example", "A"], ["b@people.example", "B"]], ["E-mail", "Forename"])
    job = person.run(
        content,
        {"E-mail": ("standard:email",), "Forename": ("standard:first_name",)},
        everyone="new",
        new_name="Everyone",
    )
    assert job.outcome_counts["created"] == 2
    with person.scope.transaction():
        assert Batch.objects.get(job=job).row_count == 2
        assert set(JobStep.objects.filter(job=job).values_list("worker", flat=True)) == {"test-worker"}


def test_a_stopped_import_sends_nothing_more_and_says_so(person, simulator):
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(5)]
    answer = person.upload(csv_file(rows))
    answer = person.columns(answer["Location"], MAPPED)
    answer = person.start(answer["Location"], ["A"])
    job_id = answer["Location"].rstrip("/").rpartition("/")[2]
    run_until(person, job_id, "sending")
    answer = person.client.post(reverse("stop-job", args=[*person.account[:2], job_id]))
    assert answer.status_code == 302
    job = person.finish(job_id)
    assert (job.state, job.skipped) == ("stopped", 5)
    assert contacts(simulator) == {}
    page = person.client.get(reverse("job", args=[*person.account[:2], job_id])).content.decode()
    assert "Stopped" in page


def test_a_provider_refusal_fails_in_words_and_retry_goes_on(person, simulator):
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(5)]
    simulator.ask("/_sim/faults", {"match": "/v3/activities/contacts_file_import", "status": 400, "times": 1})
    job = person.run(csv_file(rows), MAPPED, lists=["A"])
    assert (job.state, job.reason, job.skipped) == ("failed", "provider_refused", 5)
    answer = person.client.post(reverse("retry-job", args=[*person.account[:2], job.pk]))
    assert answer.status_code == 302
    job = person.finish(job.pk)
    assert (job.state, job.created) == ("done", 5)


def test_many_list_sets_take_few_calls(person, simulator):
    names = [f"L{n}" for n in range(8)]
    rows = [
        [
            f"p{n}@people.example",
            "Ada",
            "X",
            "",
            ";".join(name for bit, name in enumerate(names) if n >> bit & 1) or "L0",
        ]
        for n in range(256)
    ]
    job = person.run(csv_file(rows), MAPPED, lists=[*names[:1], *names[1:]])
    assert job.outcome_counts["created"] == 256
    sent = [call for call in simulator.calls() if call["path"].endswith("contacts_file_import")]
    assert len(sent) <= 16
    lists = {one["list_id"]: one["name"] for one in simulator.get("/v3/contact_lists?limit=500")["lists"]}
    there = contacts(simulator)
    for row in rows:
        assert {lists[one] for one in there[row[0]]["list_memberships"]} == set(row[4].split(";"))


def test_batches_are_exact_in_bytes(person, simulator, monkeypatch):
    from django.conf import settings

    from connections.constantcontact.multipart import render_multipart

    monkeypatch.setattr(settings.ENV, "IMPORT_BATCH_BYTES", 4_000)
    rows = [[f"person{n}@people.example", "Ada", f"Nr {n}", "gold", "A"] for n in range(200)]
    job = person.run(csv_file(rows), MAPPED, lists=["A"])
    assert job.outcome_counts["created"] == 200
    with person.scope.transaction():
        batches = list(Batch.objects.filter(job=job))
        bodies = [
            len(render_multipart(one.file_name, bytes(one.content), one.list_ids).body) for one in batches
        ]
    assert sum(one.row_count for one in batches) == 200
    assert max(bodies) <= 4_000
    assert max(bodies) > 3_900
    assert len(bodies) == job.options["planned_calls"] == 3


def test_starting_twice_is_one_import(person, simulator):
    answer = person.upload(csv_file([["a@people.example", "A", "B", "", "A"]]))
    address = person.columns(answer["Location"], MAPPED)["Location"]
    first, second = person.start(address, ["A"]), person.start(address, ["A"])
    assert first["Location"] == second["Location"]
    with person.scope.transaction():
        assert ImportRow.objects.count() == 0


BAD_FILES = [
    (b"", "The file is empty"),
    (b"Email,First name\r\n", "no"),
    (b"\xff\xfe\x00", ""),
    ("Email,First name\r\na@x.example,Zo\xeb\r\n".encode("cp1252"), "UTF-8"),
    (b"Email,Fir\x00st\r\na@x.example,A\r\n", ""),
    (b"Email,email\r\na@x.example,b@x.example\r\n", ""),
    (b"PK\x03\x04" + b"\x00" * 200, "CSV"),
    (b"\x00" * 300, ""),
    (b'Email,Name\r\n"a@x.example,A\r\n', ""),
    (
        (",".join(f"c{n}" for n in range(400)) + "\r\n" + ",".join("x" for _ in range(400))).encode(),
        "columns",
    ),
]


@pytest.mark.parametrize("case", range(len(BAD_FILES)))
def test_a_bad_file_is_refused_in_words(person, simulator, case):
    content, word = BAD_FILES[case]
    answer = person.upload(content)
    if answer.status_code == 302:  # readable after all; its rows say what is wrong
        assert case == 8
        return
    assert answer.status_code == 422
    text = answer.content.decode()
    assert word in text
    assert "What to do" in text or "Choose one with" in text
    with person.scope.transaction():
        from syncjobs.models import Upload

        assert Upload.objects.count() == 0


def test_a_file_over_the_limit_is_refused_without_being_kept(person, monkeypatch):
    from django.conf import settings

    monkeypatch.setattr(settings.ENV, "IMPORT_MAX_BYTES", 200_000)
    answer = person.upload(b"Email\r\n" + b"a@x.example\r\n" * 20_000)
    assert answer.status_code == 413
    assert "larger than" in answer.content.decode()


def test_no_column_of_addresses(person):
    answer = person.upload(csv_file([["A", "B"]], ["First", "Second"]))
    answer = person.columns(answer["Location"], {"First": ("standard:first_name",)})
    assert answer.status_code == 422
    assert "Choose the column that holds the e-mail addresses." in answer.content.decode()


def test_two_columns_cannot_fill_one_field(person):
    answer = person.upload(csv_file([["a@x.example", "b@x.example"]], ["First", "Second"]))
    answer = person.columns(answer["Location"], {"First": ("standard:email",), "Second": ("standard:email",)})
    assert answer.status_code == 422
    assert "Another field already fills this one" in answer.content.decode()


def test_rows_that_cannot_be_read_are_listed(person, simulator):
    content = (
        b"Email,First name\r\na@people.example,Ada\r\nb@people.example\r\nc@people.example,C,extra,more\r\n"
    )
    content += b"d@people.example,D\x00D\r\ne@people.example,E\r\n"
    job = person.run(
        content,
        {"Email": ("standard:email",), "First name": ("standard:first_name",)},
        everyone="new",
        new_name="All",
    )
    assert job.outcome_counts == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 3}
    assert [(row["line"], row["reason"]) for row in person.rows(job, "rejected")] == [
        ("3", "too_few_columns"),
        ("4", "too_many_columns"),
        ("5", "nul_byte"),
    ]


def test_rejected_rows_come_with_the_files_own_columns_and_can_be_uploaded_again(
    person, simulator, monkeypatch
):
    """Also where the file has a column called as one of ours, and row by row where it is long."""
    monkeypatch.setattr(returned, "AT_ONCE", 2)
    header = [*COLUMNS, "reason"]
    rows = [[f"p{n}@people.example", "Ada", "One", "gold", "A", "mine"] for n in range(5)]
    rows[3:3] = [["nonsense", "=1+1", "x", "gold", "A", "mine"], ["b@people.example", "short"]]
    job = person.run(csv_file(rows, header), MAPPED, lists=["A"])
    address = reverse("job-rows-csv", args=[*person.account[:2], job.pk]) + "?outcome=rejected"
    content = b"".join(person.client.get(address).streaming_content)
    bad, short = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert (bad["line"], bad["import reason"], bad["Email"], bad["First name"], bad["reason"]) == (
        *("5", "invalid_email", "nonsense", "'=1+1", "mine"),
    )
    assert (short["line"], short["outcome"], short["Email"], short["First name"]) == (
        *("6", "rejected", "b@people.example", "short"),
    )
    mended = content.replace(b"nonsense", b"good@people.example").replace(b"'=1+1", b"Ada")
    again = person.run(mended, mapped(simulator), lists=["A"])
    assert (again.state, again.created, again.rejected) == ("done", 1, 1)
    assert person.rows(again, "rejected")[0].keys() == {"line", "outcome", "detail", *header, "import reason"}
    with person.scope.transaction():
        Upload.objects.all().delete()
    assert [row["line"] for row in person.rows(job, "rejected")] == ["5", "6"]
    assert person.rows(job, "rejected")[0]["email"] == "nonsense"


def test_the_page_of_an_import_at_work_counts_who_is_left_out_already(person):
    """And says of the others that they are open, though all of their people were sent."""
    rows = [
        ["a@people.example", "A", "B", "", "A"],
        ["a@people.example", "A", "B", "", "A"],
        ["", "", "", "", "A"],
    ]
    address = person.columns(person.upload(csv_file(rows))["Location"], MAPPED)["Location"]
    address = person.start(address, ["A"])["Location"]
    run_until(person, address.rstrip("/").rpartition("/")[2], "processing")
    page = " ".join(re.sub(r"<[^>]*>", " ", person.client.get(address).content.decode()).split())
    assert "1 of 1 people sent. How their rows ended is counted once" in page
    for words in ("0 Created", "1 Skipped", "1 Rejected", "1 Still open", "3 rows in all"):
        assert words in page, page
    assert "Read the rows" in page and "asking_deleted" not in page


def test_the_basis_of_an_account_is_asked_for_once_and_recorded(world, person):
    with person.scope.transaction():
        ConsentBasis.objects.all().delete()
    answer = person.upload(csv_file([["a@people.example", "A", "B", "", "A"]]))
    address = person.columns(answer["Location"], MAPPED)["Location"]
    given = {"everyone": "", "permission": "on", "list_0": "new", "name_0": "A"}
    answer = person.client.post(address, given)
    assert answer.status_code == 422
    assert "Choose who these people are" in answer.content.decode()
    assert "Say why these people may be e-mailed" in answer.content.decode()
    marketer = world.client(world.member)
    with person.scope.transaction():
        Membership.objects.filter(user=world.member).update(role="marketer")
        assert not SyncJob.objects.filter(kind="import").exists()
    page = marketer.get(address).content.decode()
    assert "members or contacts" not in page
    assert "Nothing is on record" in page and "basis_kind" not in page
    given |= {"basis_kind": "members", "basis_statement": "Members of the club, who signed our statutes."}
    answer = person.client.post(address, given)
    assert answer.status_code == 302
    with person.scope.transaction():
        recorded = ConsentBasis.objects.get()
        job = SyncJob.objects.get(kind="import")
    assert (recorded.kind, recorded.statement, recorded.given_by) == (
        "members",
        given["basis_statement"],
        person.scope.actor,
    )
    assert job.options["basis"]["statement"] == recorded.statement
    page = person.client.get(address).content.decode()
    assert recorded.statement in page and "basis_kind" not in page


def test_everybody_whom_an_import_creates_stands_in_the_ledger_before(person, simulator, settings_of):
    known = [[f"known{n}@people.example", "Ada", "Quill", "", "A"] for n in range(3)]
    person.run(csv_file(known), MAPPED | {"Plan": ("ignored",)}, lists=["A"])
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "known0@people.example"})
    settings_of(IMPORT_STEP_ROWS=100)
    rows = [[f"New{n}@people.example", "Ada", f"Nr {n}", "", "A"] for n in range(300)]
    rows += [
        ["nonsense", "Not", "one", "", "A"],
        rows[0],
        *([*one[:2], "Changed", *one[3:]] for one in known),
    ]
    choices = MAPPED | {"Plan": ("ignored",)}
    upload = person.upload(csv_file(rows), name="more.csv")
    answer = person.start(person.columns(upload["Location"], choices)["Location"], lists=["A"])
    job_id = answer["Location"].rstrip("/").rpartition("/")[2]

    def entries():
        with person.scope.transaction():
            return list(ConsentEntry.objects.exclude(email__startswith="known"))

    run_until(person, job_id, "planning")
    before = entries()
    assert sorted(one.email for one in before) == sorted(f"New{n}@people.example" for n in range(300))
    assert {(one.call, one.outcome, one.permission, one.will, one.opt_in_source) for one in before} == {
        ("import", "sent", "implicit", "basis", "Account")
    }
    with person.scope.transaction():
        basis = ConsentBasis.objects.get(connection=person.connection)
        # Killed, and gone through once more.
        SyncJob.objects.filter(pk=job_id).update(stage="deciding", cursor={"line": 100})
    assert {(one.basis["kind"], one.basis["statement"]) for one in before} == {(basis.kind, basis.statement)}
    assert {one.decided_by for one in before} == {person.world.owner.email}
    job = person.finish(job_id)
    assert (job.created, job.updated, job.skipped, job.rejected) == (300, 2, 2, 1)
    assert {one.pk for one in entries()} == {one.pk for one in before}


def test_permission_must_be_confirmed(person):
    answer = person.upload(csv_file([["a@people.example", "A", "B", "", "A"]]))
    address = person.columns(answer["Location"], MAPPED)["Location"]
    answer = person.client.post(address, {"everyone": "", "list_0": "new", "name_0": "A"})
    assert answer.status_code == 422
    assert "Confirm that these people may be e-mailed" in answer.content.decode()
