"""The API described: every endpoint, its errors and scopes; no answer that could be anything."""

import json

import pytest
from django.test import Client

from config import reference
from connections.programs import keys

# `result` of these is a document of the provider's or a person's own, whatever it holds.
OPEN_FIELDS = {"remote_data", "context", "meta", "details"}

# What every good token may ask: whose it is, and calls that ask for scopes of their own.
FREE = {"/api/ping", "/api/batch-request"}


@pytest.fixture
def reader(database: None) -> Client:
    return Client(HTTP_HOST="patchbay.localhost:8000")


def operations():
    for path, method, operation in reference._operations(reference.document()):
        yield f"{method.upper()} {path}", operation


def admits_anything(schema, name=""):
    """The names of the parts that have no type at all."""
    if schema in ({}, True) or set(schema) <= {"title", "description", "default"}:
        yield name
    for key, part in schema.get("properties", {}).items():
        if key not in OPEN_FIELDS:
            yield from admits_anything(part, f"{name}.{key}")
    for part in [*schema.get("anyOf", ()), *schema.get("allOf", ())]:
        yield from admits_anything(part, name)
    if "items" in schema:
        yield from admits_anything(schema["items"], f"{name}[]")


def test_no_answer_may_be_anything():
    schemas = reference.document()["components"]["schemas"]
    answers = set()
    for name, operation in operations():
        for answer in operation["responses"].values():
            for schema in (one["schema"] for one in answer.get("content", {}).values() if "schema" in one):
                if "$ref" in schema:
                    answers.add(schema["$ref"].rpartition("/")[2])
                assert not list(admits_anything(schema)), name
        if name.partition(" ")[2] in reference.AS_IT_COMES:
            continue
        content = operation["responses"].get("200", operation["responses"].get("202", {})).get("content")
        assert content, f"{name} does not say what it answers"
    reached, waiting = set(), list(answers)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [
                part.split('"')[0] for part in json.dumps(schemas[name]).split("#/components/schemas/")[1:]
            ]
    assert reached > {"Error", "Contact"}
    assert [found for name in sorted(reached) for found in admits_anything(schemas[name], name)] == []


def test_every_success_is_an_envelope():
    schemas = reference.document()["components"]["schemas"]
    for name, operation in operations():
        if name.partition(" ")[2] in reference.AS_IT_COMES:
            continue
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                for kind, one in answer["content"].items():
                    if kind == "application/json":
                        shape = schemas[one["schema"]["$ref"].rpartition("/")[2]]
                        assert "result" in shape["required"], name
                        assert set(shape["properties"]) >= {
                            "result",
                            "next_cursor",
                            "result_count",
                            "meta",
                        }, name


def test_each_says_what_a_token_needs():
    for name, operation in operations():
        assert set(operation["x-scopes"]) <= set(keys.SCOPES), name
        assert operation["x-scopes"] or name.partition(" ")[2] in FREE, f"{name} needs no scope"
        assert operation["summary"], name


def test_it_is_kept_by_who_has_it(reader):
    first = reader.get("/api/openapi.json")
    assert first.json()["openapi"].startswith("3.1")
    again = reader.get("/api/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_and_the_list_for_programs_have_every_call(reader):
    page = reader.get("/docs/api/").content.decode()
    listed = reader.get("/llms.txt").content.decode()
    for name, _ in operations():
        assert f"<code>{name}</code>" in page
        assert f"[{name}]" in listed
    anchors = [one.anchor for group in reference.groups().values() for one in group]
    assert len(anchors) == len(set(anchors))
    assert all(f'id="{anchor}"' in page for anchor in anchors)
