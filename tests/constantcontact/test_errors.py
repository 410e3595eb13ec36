"""Every answer that is not a success becomes the one class that says what it means."""

from itertools import product

import httpx
import pytest

from connections.constantcontact import errors, meanings
from connections.constantcontact.faults import read_fault
from tests.constantcontact import stage

ARRAY = [
    {"error_key": "contacts.api.validation.error", "error_message": "create_source is missing"},
    {"error_key": "contacts.api.other", "error_message": "and another thing"},
]


def refused(status, document=None, *, method="GET", path="/v3/contacts", content=None):
    request = httpx.Request(method, stage.BASE + path)
    if content is None:
        return meanings.from_response(httpx.Response(status, json=document, request=request))
    return meanings.from_response(httpx.Response(status, content=content, request=request))


@pytest.mark.parametrize(
    ("status", "method", "kind"),
    [
        (400, "POST", errors.Invalid),
        (401, "GET", errors.Unauthorized),
        (403, "GET", errors.Forbidden),
        (404, "GET", errors.NotFound),
        (405, "PUT", errors.Invalid),
        (406, "DELETE", errors.Invalid),
        (409, "POST", errors.Conflict),
        (415, "POST", errors.UnsupportedMedia),
        (500, "GET", errors.ServerFault),
        (503, "GET", errors.ServerFault),
        (408, "GET", errors.ServerFault),
        (500, "POST", errors.OutcomeUnknown),
        (503, "PUT", errors.OutcomeUnknown),
        (504, "DELETE", errors.OutcomeUnknown),
        (302, "GET", errors.WrongShape),
        (408, "POST", errors.OutcomeUnknown),
    ],
)
def test_a_status_has_one_meaning(status, method, kind):
    assert type(refused(status, stage.UNAUTHORIZED, method=method)) is kind


def test_the_table_has_a_line_for_every_answer():
    for status, safe in product(range(100, 1000), (True, False)):
        assert any(row.fits(status, "throttled", safe) for row in meanings.TABLE), status


@pytest.mark.parametrize(
    ("status", "method", "path", "kind"),
    [
        (404, "GET", "/v3/contacts?cursor=bGltaXQ9", errors.CursorExpired),
        (400, "GET", "/v3/contacts?cursor=bGltaXQ9", errors.CursorExpired),
        (404, "GET", "/v3/contacts?limit=500", errors.NotFound),
        (400, "GET", "/v3/contacts?limit=500", errors.Invalid),
        (409, "POST", "/v3/contacts/sign_up_form", errors.Simultaneous),
        (409, "POST", "/v3/contacts", errors.Conflict),
        (409, "PUT", "/v3/contacts/c1", errors.Conflict),
    ],
)
def test_where_the_provider_says_two_things_with_one_status_the_call_tells(status, method, path, kind):
    assert type(refused(status, [], method=method, path=path)) is kind


@pytest.mark.parametrize(
    ("document", "method", "path", "kind"),
    [
        (stage.THROTTLED, "GET", "/v3/contacts", errors.Throttled),
        ([stage.THROTTLED], "POST", "/v3/activities/contact_delete", errors.Throttled),
        (stage.QUOTA_EXCEEDED, "GET", "/v3/contacts", errors.QuotaExceeded),
        (stage.QUOTA_EXCEEDED, "POST", "/v3/activities/contact_exports", errors.QuotaExceeded),
        (stage.QUEUE_FULL, "POST", "/v3/activities/contacts_file_import", errors.ActivityQueueFull),
        (
            [{"error_key": "unknown.key"} | stage.QUEUE_FULL],
            "POST",
            "/v3/activities/x",
            errors.ActivityQueueFull,
        ),
        ({"error_message": "something new"}, "POST", "/v3/activities/x", errors.ActivityQueueFull),
        ({"error_message": "something new"}, "GET", "/v3/activities", errors.Throttled),
        ({"message": "Too Many Requests"}, "POST", "/v3/activities/x", errors.Throttled),
        ({"message": "Limit Exceeded"}, "GET", "/v3/contacts", errors.QuotaExceeded),
        ({"errorCode": "E0000047", "errorSummary": "rate limit"}, "POST", "/oauth2/token", errors.Throttled),
    ],
)
def test_the_three_429s_are_told_apart(document, method, path, kind):
    assert type(refused(429, document, method=method, path=path)) is kind


@pytest.mark.parametrize(
    ("document", "key", "message"),
    [
        (ARRAY, "contacts.api.validation.error", "create_source is missing; and another thing"),
        (stage.UNAUTHORIZED, "unauthorized", "Unauthorized"),
        ({"message": "Forbidden"}, None, "Forbidden"),
        ({"error": "invalid_grant", "error_description": "gone"}, "invalid_grant", "gone"),
        ({"errorCode": "E0000047", "errorSummary": "too fast"}, "E0000047", "too fast"),
        ({"error_key": 7, "error_message": ["x"], "else": {}}, None, ""),
        ([1, None, "x"], None, ""),
        ([], None, ""),
        ("text", None, ""),
        (None, None, ""),
        ({"error_key": "not a key\nat all"}, None, ""),
    ],
)
def test_every_shape_of_an_error_is_read(document, key, message):
    error = refused(400, document)
    assert (error.error_key, error.message) == (key, message)


@pytest.mark.parametrize("content", [b"", b"<html>503</html>", b'{"error_key":', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_says_nothing(content):
    assert read_fault(content).error_key is None
    assert type(refused(404, content=content)) is errors.NotFound


def test_a_conflict_names_the_contact_that_is_in_the_way():
    id_ = "61d00338-4bd5-11ed-8c0a-fa163ec17584"
    for text in (f"Validation failed: Email already exists for contact {id_}.", f"exists for contact {id_}"):
        assert refused(409, [{"error_key": "contacts.api.conflict", "error_message": text}]).contact_id == id_
    assert refused(409, [{"error_message": "EmailAddress is not unique"}]).contact_id is None


def test_the_text_says_what_to_do_and_where_it_happened():
    error = refused(403, {"error_key": "access_denied", "error_message": "insufficient privileges"})
    assert str(error).startswith("Not allowed. Read the user's privileges")
    assert "[GET /v3/contacts; 403 access_denied; insufficient privileges]" in str(error)
    assert (error.status, error.method, error.path) == (403, "GET", "/v3/contacts")


def test_only_calls_that_may_have_changed_something_may_have_happened():
    assert refused(500, {}, method="POST").may_have_happened
    assert not refused(500, {}, method="GET").may_have_happened
    assert not refused(409, {}, method="POST").may_have_happened
    assert errors.OutcomeUnknown("x", method="POST").may_have_happened
    assert not errors.OutcomeUnknown("x", method="GET").may_have_happened
    assert not errors.Unreachable("x", method="POST").may_have_happened
    assert not errors.QuotaRefused("day is spent", retry_after_seconds=9).may_have_happened


def test_the_tree_is_as_drawn():
    drawn = {line.split("--")[1].split()[0] for line in errors.__doc__.splitlines() if "--" in line}
    built = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ProviderError)
    }
    assert drawn | {"ProviderError"} == built
