"""Each call asks for what the guide says and reads what it answers, strictly where it matters."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from connections.constantcontact import errors
from connections.constantcontact.shapes import Activity, Chosen, Contact, CustomField
from connections.constantcontact.shapes.writing import EVERYTHING
from tests.constantcontact.stage import Stage, answer

SUMMARY = {
    "encoded_account_id": "a07e1abc",
    "organization_name": "Acme Bakery",
    "first_name": "Ana",
    "contact_email": "ana@example.org",
    "country_code": "us",
    "time_zone_id": "US/Eastern",
    "company_logo": {"url": "x"},
}
CONTACT = {
    "contact_id": "5b0c6a7e-0000-4000-8000-00000000000a",
    "email_address": {
        "address": "ana@example.org",
        "permission_to_send": "unsubscribed",
        "opt_in_date": "2026-04-28T21:46:22Z",
        "opt_out_source": "Contact",
        "opt_out_date": "2026-05-01T08:00:00-05:00",
        "updated_at": "2026-05-01T13:00:00.000Z",
    },
    "first_name": "Ana",
    "update_source": "Landing Page",
    "updated_at": "2026-04-28T21:46:22+0000",
    "deleted_at": "2026-06-01",
    "custom_fields": [{"custom_field_id": "f1", "value": "gold", "choice_ids": ["000001"]}],
    "list_memberships": ["l1", "l2"],
    "taggings": [],
}
ACTIVITY = {
    "activity_id": "a1",
    "state": "completed",
    "started_at": "2026-11-23T08:00:01.5Z",
    "source_file_name": "pb-1.csv",
    "percent_done": 100,
    "activity_errors": ["Line 2: something"],
    "status": {
        "items_total_count": 4,
        "person_count": 2,
        "error_count": 1,
        "correctable_count": 0,
        "cannot_add_to_list_count": 1,
    },
    "_links": {
        "self": {"href": "/v3/activities/a1"},
        "results": {"href": "/v3/contact_exports/e1"},
    },
}
FIELD = {
    "custom_field_id": "f1",
    "label": "Customer ID",
    "name": "customer_id",
    "type": "single_select",
    "metadata": {"display_type": "dropdown"},
    "version": 1,
    "choices": [
        {"choice_id": 1, "choice_label": "Gold", "display_order": 1},
        {"choice_id": "0a", "choice_label": "Tin"},
    ],
}


def asked(stage):
    (request,) = stage.wire.requests
    query = request.url.query.decode()
    return request.method, request.url.path + (f"?{query}" if query else "")


def sent_json(stage):
    (request,) = stage.wire.requests
    assert request.headers["content-type"] == "application/json"
    return json.loads(request.content)


def test_who_is_linked():
    stage = Stage(answer(200, SUMMARY))
    summary = stage.client.account.summary()
    assert asked(stage) == ("GET", "/v3/account/summary")
    assert (summary.encoded_account_id, summary.organization_name, summary.website) == (
        "a07e1abc",
        "Acme Bakery",
        None,
    )
    assert summary.document["company_logo"] == {"url": "x"}
    assert "ana@example.org" not in repr(summary)


def test_what_they_may_do():
    body = [{"privilege_id": 17, "privilege_name": "contacts:write"}, {"privilege_name": "account:read"}]
    stage = Stage(answer(200, body))
    assert [privilege.name for privilege in stage.client.account.privileges()] == [
        "contacts:write",
        "account:read",
    ]
    assert asked(stage) == ("GET", "/v3/account/user/privileges")


def test_lists():
    body = {"list_id": "l1", "name": "News", "favorite": True, "membership_count": 12}
    stage = Stage(answer(200, {"lists": [body], "lists_count": 1}))
    (page,) = stage.client.lists.pages(status="all", include_membership_count="active")
    assert asked(stage) == (
        "GET",
        "/v3/contact_lists?limit=500&status=all&include_membership_count=active",
    )
    assert (page.items[0].membership_count, page.items[0].favorite, page.total) == (12, True, 1)
    stage = Stage(answer(201, body))
    assert stage.client.lists.create("News", description="Weekly").list_id == "l1"
    assert sent_json(stage) == {"name": "News", "favorite": False, "description": "Weekly"}
    stage = Stage(answer(200, body))
    assert stage.client.lists.get("l1").name == "News"
    assert asked(stage) == ("GET", "/v3/contact_lists/l1")
    with pytest.raises(errors.Conflict):
        Stage(answer(409, [{"error_key": "lists.conflict"}])).client.lists.create("News")


def test_custom_fields():
    stage = Stage(answer(200, {"custom_fields": [FIELD]}))
    (field,) = stage.client.custom_fields.all()
    assert asked(stage) == ("GET", "/v3/contact_custom_fields?limit=100")
    assert (field.name, field.type, field.metadata["display_type"]) == (
        "customer_id",
        "single_select",
        "dropdown",
    )
    assert [(choice.choice_id, choice.label) for choice in field.choices] == [("1", "Gold"), ("0a", "Tin")]
    stage = Stage(answer(201, FIELD))
    stage.client.custom_fields.create(
        "Tier", "single_select", metadata={"display_type": "dropdown"}, choices=["Gold", "Tin"]
    )
    assert sent_json(stage) == {
        "label": "Tier",
        "type": "single_select",
        "metadata": {"display_type": "dropdown"},
        "choices": [
            {"choice_label": "Gold", "display_order": 1},
            {"choice_label": "Tin", "display_order": 2},
        ],
    }
    stage = Stage(answer(201, FIELD))
    stage.client.custom_fields.create("Customer ID")
    assert sent_json(stage) == {"label": "Customer ID", "type": "string"}


def test_how_many_contacts():
    body = {"total": 9, "explicit": 4, "implicit": 3, "pending": 1, "unsubscribed": 1}
    stage = Stage(answer(200, body))
    assert stage.client.contacts.counts().total == 9
    assert asked(stage) == ("GET", "/v3/contacts/counts")


def test_a_page_of_contacts():
    stage = Stage(answer(200, {"contacts": [CONTACT], "contacts_count": 1312}))
    after = datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    page = stage.client.contacts.page(
        limit=100,
        include=["custom_fields", "taggings"],
        include_count=True,
        status="all",
        updated_after=after,
        lists=["l1"],
    )
    (request,) = stage.wire.requests
    assert dict(request.url.params) == {
        "limit": "100",
        "include": "custom_fields,taggings",
        "include_count": "true",
        "status": "all",
        "updated_after": "2026-11-23T08:30:00.000Z",
        "lists": "l1",
    }
    assert page.total == 1312
    (contact,) = page.items
    assert contact.email_address.permission_to_send == "unsubscribed"
    assert contact.email_address.opt_out_at == datetime(2026, 5, 1, 13, tzinfo=UTC)
    assert contact.updated_at == datetime(2026, 4, 28, 21, 46, 22, tzinfo=UTC)
    assert contact.deleted_at == date(2026, 6, 1)
    assert contact.custom_fields[0].choice_ids == ("000001",)
    assert (contact.list_memberships, contact.taggings) == (("l1", "l2"), ())
    for private in ("ana@example.org", "Ana", "gold"):
        assert private not in repr(contact)


def test_what_was_not_asked_for_is_none_and_not_empty():
    contact = Contact.parse({"contact_id": "c1"})
    assert (contact.custom_fields, contact.list_memberships, contact.taggings) == (None, None, None)
    assert contact.email_address is None


def test_contacts_are_walked_with_the_filters_in_the_cursor():
    first = answer(200, {"contacts": [CONTACT], "_links": {"next": {"href": "/v3/contacts?cursor=x"}}})
    stage = Stage(first, answer(200, {"contacts": []}))
    assert len(list(stage.client.contacts.pages(status="all", include=EVERYTHING))) == 2
    assert stage.wire.requests[1].url.raw_path == b"/v3/contacts?cursor=x"


def test_a_time_without_zone_is_not_sent():
    with pytest.raises(ValueError, match="zone"):
        Stage(answer(200)).client.contacts.page(updated_after=datetime(2026, 1, 1))  # noqa: DTZ001  # it is what is refused


def test_activities():
    stage = Stage(answer(200, {"activities": [ACTIVITY]}))
    (activity,) = stage.client.activities.page(state="completed").items
    assert asked(stage) == ("GET", "/v3/activities?limit=500&state=completed")
    assert (activity.is_finished, activity.is_completed, activity.percent_done) == (True, True, 100)
    counters = activity.counters
    assert (counters.items_total, counters.person, counters.error, counters.cannot_add_to_list) == (
        4,
        2,
        1,
        1,
    )
    assert counters.items_completed is None
    assert activity.errors == ("Line 2: something",)
    assert activity.results_href == "/v3/contact_exports/e1"
    stage = Stage(answer(200, ACTIVITY))
    assert stage.client.activities.get("a1").source_file_name == "pb-1.csv"
    assert asked(stage) == ("GET", "/v3/activities/a1")


def test_an_export_asks_for_everything_unless_told_otherwise():
    stage = Stage(answer(201, ACTIVITY))
    stage.client.activities.export()
    assert asked(stage) == ("POST", "/v3/activities/contact_exports")
    assert sent_json(stage) == {}
    stage = Stage(answer(201, ACTIVITY))
    stage.client.activities.export(Chosen(list_ids=("l1",)), fields=["email_address"], status="active")
    assert sent_json(stage) == {"fields": ["email_address"], "status": "active", "list_ids": ["l1"]}


@pytest.mark.parametrize(
    ("errors_sent", "read"),
    [
        (None, ()),
        ([], ()),
        (["a", "b"], ("a", "b")),
        ([{"message": "a"}], ("a",)),
        (["a", {"message": "b"}], ("a", "b")),
    ],
)
def test_both_shapes_of_activity_errors(errors_sent, read):
    assert Activity.parse(ACTIVITY | {"activity_errors": errors_sent}).errors == read


@pytest.mark.parametrize(
    ("state", "finished"),
    [
        ("initialized", False),
        ("processing", False),
        ("something_new", False),
        ("completed", True),
        ("cancelled", True),
        ("failed", True),
        ("timed_out", True),
        ("COMPLETED", True),
    ],
)
def test_an_unknown_state_is_still_running(state, finished):
    assert Activity.parse({"activity_id": "a", "state": state}).is_finished is finished


WRONG = [
    {"activity_id": "", "state": "completed"},
    {"activity_id": "a1"},
    {"activity_id": 7, "state": "completed"},
    ACTIVITY | {"status": {"person_count": "12"}},
    ACTIVITY | {"status": {"person_count": 1.5}},
    ACTIVITY | {"status": {"person_count": True}},
    ACTIVITY | {"status": []} | {"percent_done": "100"},
    ACTIVITY | {"activity_errors": [7]},
    ACTIVITY | {"activity_errors": "text"},
    ACTIVITY | {"created_at": "yesterday"},
    ACTIVITY | {"created_at": "9999-12-31T23:59:59-14:00"},
    ACTIVITY | {"_links": []} | {"_links": "x"},
    [],
    [ACTIVITY],
    "completed",
    None,
    7,
    {"error_key": "x"},
]


@pytest.mark.parametrize("document", WRONG)
def test_a_wrong_shape_is_an_unknown_outcome_and_nothing_of_it_is_used(document):
    stage = Stage(answer(201, document))
    with pytest.raises(errors.WrongShape) as caught:
        stage.client.activities.export()
    assert isinstance(caught.value, errors.OutcomeUnknown)
    assert caught.value.may_have_happened
    assert (caught.value.status, caught.value.path) == (201, "/v3/activities/contact_exports")
    assert len(stage.wire.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b'{"activity_id": "a1", "sta', b"<html>", b"NaN", b"[" * 200_000, b"\xff"]
)
def test_a_cut_or_garbled_body_is_an_unknown_outcome(body):
    import httpx

    stage = Stage(httpx.Response(201, content=body))
    with pytest.raises(errors.OutcomeUnknown):
        stage.client.activities.export()
    assert len(stage.wire.requests) == 1


def test_fields_that_are_not_known_are_ignored():
    assert CustomField.parse(FIELD | {"brand_new": [1], "choices": None, "metadata": None}).choices == ()


def test_numbers_written_as_floats_are_counted():
    assert Activity.parse(ACTIVITY | {"percent_done": 100.0}).percent_done == 100
