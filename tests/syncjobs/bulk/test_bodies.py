"""Rows out of a request's body: JSON, lines of JSON, CSV; and what is no body at all."""

import json

import pytest

from syncjobs.bulk import bodies
from syncjobs.bulk.bodies import CSV, JSON, NDJSON, Misread


def read(kind, body):
    options = {}
    found = list(bodies.rows(kind, body if isinstance(body, bytes) else body.encode(), options))
    return found, options


@pytest.mark.parametrize(
    "body",
    [
        {"contacts": [{"email": "a"}, 5, None], "mode": "skip", "dry_run": True},
        {"mode": "skip", "dry_run": True, "contacts": [{"email": "a"}, 5, None]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_is_read_row_by_row(body, indent):
    found, options = read(JSON, json.dumps(body, indent=indent))
    assert [(one.line, one.document) for one in found] == [(1, {"email": "a"}), (2, 5), (3, None)]
    assert options == {"mode": "skip", "dry_run": True}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"contacts": {}}',
        '{"contacts": [1,]}',
        '{"contacts": [1 2]}',
        '{"contacts": [1]',
        '{"contacts": [1]} more',
        '{"contacts": [1],}',
        '{"contacts": [NaN]}',
        '{"contacts": [1], "contacts": [2]}',
        '{"contacts": [' + "[" * 100_000,
        '{"contacts": [' + "9" * 5_000 + "]}",
        b'{"contacts": ["\xff"]}',
    ],
)
def test_what_is_no_object_of_contacts_is_refused(body):
    with pytest.raises(Misread):
        read(JSON, body)


def test_lines_are_rows_with_their_numbers():
    found, _ = read(NDJSON, b'{"email": "a"}\r\n\n  \n{"email": \n"\xff"\n[1]')
    assert [(one.line, one.document, bool(one.problem)) for one in found] == [
        (1, {"email": "a"}, False),
        (4, None, True),
        (5, None, True),
        (6, [1], False),
    ]


def test_a_file_is_contacts_by_its_header():
    found, _ = read(
        CSV,
        "email;phone;work_phone;street_1;lists;tags.remove;custom_fields.Plan\n"
        "a@b.example;555 1000;;1 Main St;;;\n"
        'c@d.example;;555 2000;;"News; Old";VIP;team\n'.replace("News; Old", "News;Old"),
    )
    assert [one.document for one in found] == [
        {
            "email": "a@b.example",
            "phones": [{"phone": "555 1000", "type": None}],
            "addresses": [{"street_1": "1 Main St"}],
        },
        {
            "email": "c@d.example",
            "phones": [{"phone": "555 2000", "type": "work"}],
            "lists": {"add": ["News", "Old"]},
            "tags": {"remove": ["VIP"]},
            "custom_fields": {"Plan": "team"},
        },
    ]
    assert [one.line for one in found] == [2, 3]


@pytest.mark.parametrize(
    "body", ["", "email\n", "email,custom_fields.\na@b.example,1\n", b"PK\x03\x04\x00\x00"]
)
def test_what_is_no_file_of_contacts_is_refused(body):
    with pytest.raises(Misread):
        read(CSV, body)
