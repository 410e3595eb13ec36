"""Segments: their life, and the contacts that meet their criteria."""

import json
from typing import Any

import pytest

from tests.simulator.rig import Caller, Rig


def criteria(*group: dict[str, Any], kind: str = "and") -> str:
    return json.dumps({"version": "1.0.0", "criteria": {"type": kind, "group": list(group)}})


TRACKING = {"source": "tracking", "field": "opened", "op": "contains-any", "param": "5"}


def members(caller: Caller, segment_id: int) -> list[str]:
    path, params = "/contacts", {"segment_id": segment_id, "limit": 500}
    waiting = caller.call("GET", path, params=params)
    if waiting.status_code == 202:
        assert waiting.json()["status"]
    return [item["email_address"]["address"] for item in caller.get(path, **params)["contacts"]]


def test_life(rig: Rig, acme: Caller) -> None:
    made = acme.post("/segments", {"name": "Readers", "segment_criteria": criteria(TRACKING)})
    path = f"/segments/{made['segment_id']}"
    assert acme.get(path)["segment_criteria"] == criteria(TRACKING)
    acme.post("/segments", {"name": "readers", "segment_criteria": criteria(TRACKING)}, expect=409)
    rig.wait(60)
    renamed = acme.call("PATCH", f"{path}/name", json={"name": "Friends"}).json()
    assert renamed["name"] == "Friends" and renamed["edited_at"] > renamed["created_at"]
    first = acme.get("/segments", limit=1)
    assert first["segments"][0]["name"] == "Friends" and first["_links"]["next"]["href"]
    last = acme.get(first["_links"]["next"]["href"].removeprefix("/v3").replace("limit=1", ""))
    assert "_links" in last
    assert acme.get("/segments")["_links"] == {"next": {"href": None}}
    names = [item["name"] for item in acme.get("/segments", sort_by="name")["segments"]]
    assert names == sorted(names)
    acme.delete(path)
    assert acme.get(path)["name"] == "Friends"
    assert "Friends" not in [item["name"] for item in acme.get("/segments")["segments"]]
    for method, body in (("DELETE", None), ("PUT", {"name": "x", "segment_criteria": criteria(TRACKING)})):
        assert acme.call(method, path, json=body).status_code == 404
    assert acme.call("GET", "/contacts", params={"segment_id": made["segment_id"]}).status_code == 404
    acme.post("/segments", {"name": "Friends", "segment_criteria": criteria(TRACKING)})


@pytest.mark.parametrize(
    "text", ["x", "[]", "{}", '{"criteria":{"type":"or","group":[1]}}', criteria(), "[" * 10_000, "7"]
)
def test_bad_criteria(acme: Caller, text: str) -> None:
    acme.post("/segments", {"name": "Bad", "segment_criteria": text}, expect=400)


def test_members(rig: Rig, acme: Caller) -> None:
    tag = acme.post("/contact_tags", {"name": "T"})["tag_id"]
    acme.create("a@example.org", list_memberships=[acme.list_id()], first_name="Ana")
    acme.create("b@example.org", taggings=[tag], first_name="Ben")
    acme.create("c@example.org", "unsubscribed", taggings=[tag], first_name="Ana")
    on_list = {"source": "list_membership", "op": "in", "const_value": [acme.list_id()]}
    tagged = {"source": "tags", "op": "in", "const_value": [tag]}
    ana = {"source": "contact", "field": "first_name", "op": "equals", "const_value": "Ana"}
    for number, (group, expected) in enumerate(
        [
            ((on_list,), ["a@example.org"]),
            ((tagged,), ["b@example.org"]),
            ((on_list, tagged), []),
            (({"type": "or", "group": [on_list, tagged]},), ["a@example.org", "b@example.org"]),
            ((ana,), ["a@example.org"]),
            ((TRACKING,), ["a@example.org", "b@example.org"]),
        ]
    ):
        made = acme.post("/segments", {"name": f"S{number}", "segment_criteria": criteria(*group)})
        assert members(acme, made["segment_id"]) == expected
    for more in ({"status": "all"}, {"segment_id": "1,2"}):
        assert acme.call("GET", "/contacts", params={"segment_id": "1", **more}).status_code == 400


def test_the_wait_comes_again_after_a_change(rig: Rig, acme: Caller) -> None:
    made = acme.post("/segments", {"name": "S", "segment_criteria": criteria(TRACKING)})
    params = {"segment_id": made["segment_id"]}

    def asked() -> int:
        return acme.call("GET", "/contacts", params=params).status_code

    assert [asked(), asked()] == [202, 200]
    acme.put(f"/segments/{made['segment_id']}", {"name": "S", "segment_criteria": criteria(TRACKING)})
    assert [asked(), asked()] == [202, 200]


def test_segments_as_a_source_of_jobs(rig: Rig, acme: Caller) -> None:
    acme.create("a@example.org", first_name="Ana")
    acme.create("b@example.org")
    ana = {"source": "contact", "field": "first_name", "op": "equals", "const_value": "Ana"}
    key = acme.post("/segments", {"name": "S", "segment_criteria": criteria(ana)})["segment_id"]
    order = {"source": {"segment_id": key}, "list_ids": [acme.list_id()]}
    done = acme.finished(acme.post("/activities/add_list_memberships", order))
    assert done["status"]["items_completed_count"] == 1
    export = acme.finished(acme.post("/activities/contact_exports", {"segment_id": key}))
    assert export["status"]["items_total_count"] == 1
    acme.post("/activities/contact_exports", {"segment_id": 999}, expect=404)
