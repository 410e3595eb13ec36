"""An import's body is known to the byte, the same every time, and what a strict parser reads back."""

from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.constantcontact.multipart import multipart_overhead, render_multipart
from tests.constantcontact.stage import Stage, answer

LISTS = ["8c077f20-1586-11e4-bcb3-00163e56be7c", "91bd08c8-3e5e-11e7-95c5-d4ae5292bb50"]
ACTIVITY = {"activity_id": "a1", "state": "initialized", "source_file_name": "pb-1.csv"}


def parsed(form):
    message = BytesParser(policy=policy.HTTP).parsebytes(
        f"Content-Type: {form.content_type}\r\n\r\n".encode() + form.body
    )
    assert message.is_multipart()
    assert not message.defects
    return list(message.iter_parts())


def test_a_parser_reads_back_what_went_in():
    content = "email,first_name\r\nzoë@example.org,Zoë\r\n".encode()
    list_ids, file = parsed(render_multipart("pb-0b1c.csv", content, LISTS))
    assert list_ids["content-disposition"].params["name"] == "list_ids"
    assert list_ids.get_payload(decode=True).decode() == ",".join(LISTS)
    assert file["content-disposition"].params["name"] == "file"
    assert file.get_filename() == "pb-0b1c.csv"
    assert file.get_content_type() == "text/csv"
    assert file.get_payload(decode=True) == content


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_the_overhead_is_exact_whatever_the_content(content, lists):
    list_ids = [f"list-{number}" for number in range(lists)]
    form = render_multipart("pb-1.csv", content, list_ids)
    assert len(form.body) == multipart_overhead("pb-1.csv", list_ids) + len(content)
    assert content in form.body
    assert form == render_multipart("pb-1.csv", content, list_ids)


def test_different_names_have_different_boundaries_of_one_length():
    one, two = (render_multipart(name, b"", LISTS) for name in ("pb-1.csv", "pb-2.csv"))
    assert one.content_type != two.content_type
    assert len(one.body) == len(two.body)


def test_a_file_that_holds_its_own_boundary_gets_another_of_the_same_length():
    first = render_multipart("pb-1.csv", b"", LISTS)
    boundary = first.content_type.partition("boundary=")[2]
    content = f"email\r\n--{boundary}--\r\n".encode()
    form = render_multipart("pb-1.csv", content, LISTS)
    assert form.content_type != first.content_type
    assert len(form.body) == multipart_overhead("pb-1.csv", LISTS) + len(content)
    assert parsed(form)[1].get_payload(decode=True) == content


@pytest.mark.parametrize(
    "name", ["", "pb.txt", "pb", "../pb.csv", 'p".csv', "p\r\n.csv", "ü.csv", ".csv", "a" * 300 + ".csv"]
)
def test_a_name_that_is_not_plain_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        render_multipart(name, b"", LISTS)


@pytest.mark.parametrize("list_ids", [[], ["x"] * 51, ["a,b"], ["a\r\nb"], [""]])
def test_lists_the_provider_would_refuse_are_refused(list_ids):
    with pytest.raises(ValueError, match="list"):
        render_multipart("pb-1.csv", b"", list_ids)


def test_what_is_sent_is_what_was_rendered():
    stage = Stage(answer(201, ACTIVITY))
    activity = stage.client.activities.import_csv("pb-1.csv", b"email\r\na@example.org\r\n", LISTS)
    form = render_multipart("pb-1.csv", b"email\r\na@example.org\r\n", LISTS)
    (sent,) = stage.wire.requests
    assert (sent.method, sent.url.path) == ("POST", "/v3/activities/contacts_file_import")
    assert sent.content == form.body
    assert sent.headers["content-type"] == form.content_type
    assert sent.headers["content-length"] == str(len(form.body))
    assert stage.records[0].request_bytes == len(form.body)
    assert (activity.activity_id, activity.source_file_name) == ("a1", "pb-1.csv")


@pytest.mark.parametrize("limit", [4_000_000, 4_194_304])
def test_a_body_that_would_be_cut_is_not_sent(limit):
    stage = Stage(answer(201, ACTIVITY))
    room = limit - multipart_overhead("pb-1.csv", LISTS)
    send = stage.client.activities.import_csv
    send("pb-1.csv", b"x" * room, LISTS, body_limit=limit)
    with pytest.raises(ValueError, match="would be cut"):
        send("pb-1.csv", b"x" * (room + 1), LISTS, body_limit=limit)
    assert [len(request.content) for request in stage.wire.requests] == [limit]
