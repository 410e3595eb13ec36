"""The policy against the provider, row by row: what a fault makes of a call that reads and of one that changes.

The simulator's journal tells what was really done: a call that goes again has not been done before.
"""

import pytest

from connections.constantcontact import errors
from connections.constantcontact.meanings import CURSOR, QUEUED_ACTIVITIES, SIMULTANEOUS, TABLE
from connections.constantcontact.shapes import Chosen
from tests.constantcontact.provider import Provider
from tests.constantcontact.stage import QUEUE_FULL, QUOTA_EXCEEDED, THROTTLED

ARRAY = [{"error_key": "contacts.api.validation.error", "error_message": "first_name is too long"}]
FORBIDDEN = {"error_key": "access_denied", "error_message": "Request forbidden"}
NOT_FOUND = [{"error_key": "contacts.api.not_found", "error_message": "not found"}]
CONFLICT = [{"error_key": "contacts.api.conflict", "error_message": "being updated by another request"}]

# fault -> what a GET ends in, and how often it was sent; the same of a POST. None: it ended well.
ROWS = {
    "400": ({"status": 400, "body": ARRAY}, (errors.Invalid, 1), (errors.Invalid, 1)),
    "403": ({"status": 403, "body": FORBIDDEN}, (errors.Forbidden, 1), (errors.Forbidden, 1)),
    "404": ({"status": 404, "body": NOT_FOUND}, (errors.NotFound, 1), (errors.NotFound, 1)),
    "408": (
        {"status": 408, "body": {"message": "timeout"}},
        (errors.ServerFault, 6),
        (errors.OutcomeUnknown, 1),
    ),
    "409": ({"status": 409, "body": CONFLICT}, (errors.Conflict, 1), (errors.Conflict, 1)),
    "415": ({"status": 415, "body": ARRAY}, (errors.UnsupportedMedia, 1), (errors.UnsupportedMedia, 1)),
    "throttled": ({"status": 429, "body": THROTTLED}, (errors.Throttled, 6), (errors.Throttled, 6)),
    "quota": ({"status": 429, "body": QUOTA_EXCEEDED}, (errors.QuotaExceeded, 1), (errors.QuotaExceeded, 1)),
    "queue": (
        {"status": 429, "body": QUEUE_FULL},
        (errors.ActivityQueueFull, 1),
        (errors.ActivityQueueFull, 1),
    ),
    "500": ({"status": 500}, (errors.ServerFault, 6), (errors.OutcomeUnknown, 1)),
    "503": ({"status": 503}, (errors.ServerFault, 6), (errors.OutcomeUnknown, 1)),
    "redirect": ({"status": 302, "body": "moved"}, (errors.WrongShape, 1), (errors.WrongShape, 1)),
    "page of HTML": ({"html": True}, (errors.WrongShape, 3), (errors.WrongShape, 1)),
    "garbage": ({"garbage": True}, (errors.WrongShape, 3), (errors.WrongShape, 1)),
    "cut": ({"cut_body": 10}, (errors.WrongShape, 3), (errors.WrongShape, 1)),
    "lost": ({"drop_response": True}, (errors.OutcomeUnknown, 3), (errors.OutcomeUnknown, 1)),
    "stalled": ({"stall": 10}, (errors.OutcomeUnknown, 3), (errors.OutcomeUnknown, 1)),
}
DONE_ALL_THE_SAME = {"garbage", "cut", "lost", "stalled"}


@pytest.fixture
def provider():
    return Provider()


def made(provider):
    """How many lists the provider really made."""
    return [one for one in provider.client.lists.all() if one.name == "Fresh"]


def fault(provider, wish, match, times=None):
    provider.rig.control("POST", "/faults", {"match": match, "times": times, **wish})


@pytest.mark.parametrize("name", ROWS)
def test_a_call_that_reads(provider, name):
    wish, (error, sendings), _ = ROWS[name]
    fault(provider, wish, "^/v3/contacts/counts$")
    with pytest.raises(error) as caught:
        provider.client.contacts.counts()
    assert type(caught.value) is error and not caught.value.may_have_happened
    assert len(provider.records) == sendings
    assert provider.ledger.delivered == [[True]] * sendings
    assert [record.attempt for record in provider.records] == list(range(1, sendings + 1))


@pytest.mark.parametrize("name", ROWS)
def test_a_call_that_changes_something(provider, name):
    wish, _, (error, sendings) = ROWS[name]
    fault(provider, wish, "^/v3/contact_lists$", times=sendings)
    with pytest.raises(error) as caught:
        provider.client.lists.create("Fresh")
    assert type(caught.value) is error
    assert len(provider.records) == sendings
    assert provider.ledger.delivered == [[True]] * sendings
    assert len(made(provider)) == (name in DONE_ALL_THE_SAME)
    # What may have been done is never said to be refused.
    assert caught.value.may_have_happened or name not in DONE_ALL_THE_SAME


@pytest.mark.parametrize("name", ["500", "lost", "cut", "page of HTML", "throttled"])
def test_a_call_that_reads_comes_through_when_the_fault_passes(provider, name):
    wish, (_, sendings), _ = ROWS[name]
    fault(provider, wish, "^/v3/contacts/counts$", times=sendings - 1)
    assert provider.client.contacts.counts().total == 0
    assert len(provider.records) == sendings


def test_throttled_is_the_one_refusal_after_which_a_change_goes_again(provider):
    fault(provider, ROWS["throttled"][0], "^/v3/contact_lists$", times=2)
    assert provider.client.lists.create("Fresh").name == "Fresh"
    assert len(made(provider)) == 1
    assert len(provider.clock.naps) == 2 and min(provider.clock.naps) >= 1.0


def test_two_sign_ups_of_one_person_at_once(provider):
    fault(provider, ROWS["409"][0], "^/v3/contacts/sign_up_form$", times=2)
    news = provider.client.lists.create("Fresh").list_id
    wish = {"email_address": "bo@example.org", "list_memberships": [news]}
    assert provider.client.contacts.sign_up_form(wish).created
    assert len(provider.records) == 4
    fault(provider, ROWS["409"][0], "^/v3/contacts/sign_up_form$")
    with pytest.raises(errors.Simultaneous):
        provider.client.contacts.sign_up_form(wish)
    assert len(provider.records) == 8


def test_a_put_is_never_sent_again_for_its_body_may_be_old(provider):
    contact = provider.client.contacts.create({"email_address": {"address": "ana@example.org"}})
    for name in ("409", "500", "lost"):
        provider.records.clear()
        fault(provider, ROWS[name][0], f"^/v3/contacts/{contact.contact_id}$", times=1)
        with pytest.raises((errors.Conflict, errors.OutcomeUnknown)):
            provider.client.contacts.update(contact.contact_id, {"first_name": "Ana"})
        assert len(provider.records) == 1


def test_a_link_that_has_died_says_that_the_walk_begins_again(provider):
    for name in ("ana", "bo"):
        provider.client.contacts.create({"email_address": {"address": f"{name}@example.org"}})
    first = provider.client.contacts.page(limit=1)
    for status in (404, 400):
        fault(provider, {"status": status, "body": NOT_FOUND}, "^/v3/contacts$", times=1)
        with pytest.raises(errors.CursorExpired):
            provider.client.contacts.page(href=first.next_href)
    with pytest.raises(errors.CursorExpired):
        provider.client.contacts.page(href="/v3/contacts?cursor=bm90IG91cnM%3D")


def test_a_full_queue_is_the_accounts_and_not_the_applications(provider):
    contact = provider.client.contacts.create({"email_address": {"address": "ana@example.org"}})
    tag = provider.client.tags.create("vip")
    source = Chosen(contact_ids=(contact.contact_id,))
    for _ in range(1000):
        provider.client.activities.contacts_taggings_add(source, [tag.tag_id])
    with pytest.raises(errors.ActivityQueueFull):
        provider.client.activities.contacts_taggings_add(source, [tag.tag_id])
    assert provider.answers.count(201) == 1002 and provider.answers[-1] == 429
    assert provider.client.contacts.counts().total == 1


def test_the_providers_own_limits_give_the_other_two():
    provider = Provider(unlimited=False)
    provider.rig.app(per_second=0, per_day=3)
    for _ in range(3):
        provider.client.contacts.counts()
    with pytest.raises(errors.QuotaExceeded):
        provider.client.contacts.counts()
    assert provider.answers == [200, 200, 200, 429]
    provider.rig.app(per_second=2, per_day=0)
    provider.rig.wait(5)
    for _ in range(3):
        provider.client.contacts.counts()
    assert provider.answers[4:] == [200, 200, 429, 200]


def test_a_token_that_is_not_taken_is_asked_for_once_more(provider):
    http = provider.linked("not-a-token")
    answer = http.get("/v3/contacts/counts")
    # The same token would get the same answer: nothing fresher was given, so nothing is sent again.
    assert (answer.status_code, provider.answers) == (401, [401])


def test_every_key_of_the_table_stands_in_a_test():
    assert {row.key for row in TABLE} - {None} == {
        CURSOR,
        SIMULTANEOUS,
        QUEUED_ACTIVITIES,
        "throttled",
        "quota_exceeded",
    }
