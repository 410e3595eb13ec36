"""Some thousands of senseless requests to every operation: always one of the provider's own refusals, never a 500.

Two kinds: bodies of wrong types grown at random, and good bodies with one place spoiled.
"""

import json
import random
import re
from typing import Any

import pytest

from connections.simulator.messages import Request
from connections.simulator.routes import PARTNER, ROUTES, Route
from tests.long import LONG
from tests.simulator.rig import HARBOR, Caller, Rig
from tests.simulator.test_partner import token_call

REQUESTS = 60 if LONG else 10
UUID = "00000000-0000-4000-8000-000000000000"
REFUSALS = {400, 403, 404, 409, 415, 429}
NAMES = (
    *("email_address", "list_memberships", "name", "create_source", "update_source", "source", "list_ids"),
    *("contact_ids", "tag_ids", "custom_field_ids", "import_data", "label", "type", "choices", "metadata"),
    *("segment_criteria", "email_campaign_activities", "account_operation_url", "account_operation_method"),
    *(
        "account_operation_path_parameters",
        "hook_uri",
        "automation_flow",
        "profile_posts",
        "status",
        "scheduled_date",
    ),
    *(
        "order_ticket_keys",
        "registration_ids",
        "registration_status",
        "default_track",
        "sms_channel",
        "taggings",
    ),
    *(
        "email_addresses",
        "effective_date",
        "plan_type",
        "city",
        "country_code",
        "address_line1",
        "fields",
        "exclude",
    ),
)
PLAIN: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 10**400, 1.5, -0.0, 1e308, "", " ", "x", "x" * 70_000, UUID, "0"),
    *("a@example.org", "\ud800", "\x00", "Account", "9999-12-31T23:59:59Z", "../..", "{}", "[[]]", "\u202e"),
)
QUERIES = (
    "",
    "limit=0",
    "limit=-1",
    "limit=1e3",
    "cursor=bGltaXQ9MQ==",
    "cursor=%F0",
    "status=%00",
    "start=x&end=y",
)
QUERIES += (
    "next=abc",
    "prev=%ff",
    "offset=-9",
    "page=99999999999",
    "sequence_ids=,",
    "segment_id=9" * 3,
    "include=true",
)


def value(numbers: random.Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kind = numbers.random()
    if depth > 3 or kind < 0.5:
        return numbers.choice(PLAIN)
    if kind < 0.7:
        return [value(numbers, depth + 1) for _ in range(numbers.randrange(4))]
    return {numbers.choice(NAMES): value(numbers, depth + 1) for _ in range(numbers.randrange(6))}


def body_of(numbers: random.Random) -> bytes:
    kind = numbers.random()
    if kind < 0.1:
        return numbers.randbytes(numbers.randrange(200))
    text = json.dumps(
        value(numbers) if kind < 0.3 else {name: value(numbers) for name in numbers.sample(NAMES, 12)}
    )
    cut = numbers.randrange(len(text)) if kind > 0.95 else None
    return text.encode("utf-8", "surrogatepass")[:cut]


def known_ids(caller: Caller) -> dict[str, str]:
    """An id of each kind, so that requests get beyond the first look-up."""
    campaign = caller.get("/emails", limit=1)["campaigns"][0]["campaign_id"]
    event = caller.get("/events")["records"][0]["event_id"]
    shown = caller.get(f"/emails/{campaign}")
    return {
        "contact_id": caller.get("/contacts", limit=1)["contacts"][0]["contact_id"],
        "list_id": caller.list_id(),
        "campaign_id": campaign,
        "campaign_activity_id": shown["campaign_activities"][0]["campaign_activity_id"],
        "event_id": event,
        "track_id": caller.get(f"/events/{event}")["default_track"]["track_id"],
        "automation_flow_id": caller.get("/automations/workflows")["flow_summaries"][0]["id"],
        "segment_id": "1",
        "topic_id": "1",
        "encoded_account_id": caller.get("/account/summary")["encoded_account_id"],
    }


def requests_for(route: Route, ids: dict[str, str], numbers: random.Random) -> Request:
    def one(match: re.Match[str]) -> str:
        wild = ("none", UUID, "\x00", "x" * 3000, "%00", "1e9", "٣", "-1")
        return ids.get(match.group(1), UUID) if numbers.random() < 0.8 else numbers.choice(wild)

    path = re.sub(r"\{(\w+)\}", one, route.template)
    kind = numbers.choice(("application/json",) * 6 + ("text/plain", "", "multipart/form-data; boundary=B"))
    return Request(
        route.method, f"/v3{path}", numbers.choice(QUERIES), {"content-type": kind}, body_of(numbers)
    )


@pytest.mark.parametrize("seed", range(5 if LONG else 1))
def test_senseless_requests(rig: Rig, seed: int) -> None:
    numbers, caller = random.Random(seed), rig.sign_in(HARBOR)
    ids, partner = known_ids(caller), token_call(rig).json()["access_token"]
    for route in ROUTES:
        token = partner if route.scope == PARTNER else caller.headers["Authorization"].removeprefix("Bearer ")
        for _ in range(REQUESTS):
            request = requests_for(route, ids, numbers)
            request.headers |= {"authorization": f"Bearer {token}", "x-api-key": rig.app()["client_id"]}
            answer = rig.simulator.handle(request)
            assert rig.simulator.defects == 0, (
                request.method,
                request.path,
                request.query,
                request.body[:500],
            )
            assert answer.status < 300 or answer.status in REFUSALS, (
                route.template,
                answer.status,
                answer.body,
            )
            if answer.status >= 400:
                error = json.loads(answer.body)
                error = error[0] if isinstance(error, list) else error
                assert set(error) in ({"error_key", "error_message"}, {"message"}), answer.body
    rig.wait(3600)
    assert rig.simulator.dump() and rig.simulator.defects == 0


@pytest.mark.parametrize(
    "path",
    [
        *("/oauth2/default/v1/token", "/oauth2/default/v1/revoke", "/oauth2/default/v1/authorize"),
        *("/oauth2/default/v1/device/authorize", "/oauth2/activate", "/partners/oauth2/default/v1/token"),
    ],
)
def test_senseless_sign_ins(rig: Rig, path: str) -> None:
    numbers = random.Random(path)
    for _ in range(REQUESTS * 5):
        kind = numbers.choice(("application/x-www-form-urlencoded", "application/json", ""))
        headers = {
            "content-type": kind,
            "authorization": numbers.choice(("", "Basic x", "Basic eDp5", "Bearer \x00")),
        }
        query = numbers.choice(
            ("", "client_id=%ff", "grant_type=refresh_token&refresh_token=%00", "state=" + "x" * 9000)
        )
        method = numbers.choice(("GET", "POST", "PUT"))
        answer = rig.simulator.handle(Request(method, path, query, headers, body_of(numbers)))
        assert 300 <= answer.status < 500 or b"<html" in answer.body, answer.body
    assert rig.simulator.defects == 0


@pytest.mark.parametrize("path", ["/contacts", "/emails", "/segments", "/social/posts", "/events/default"])
def test_a_body_over_four_megabytes(rig: Rig, harbor: Caller, path: str) -> None:
    body = b'{"name":"' + b"x" * 4_300_000 + b'"}'
    answer = harbor.call("POST", path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 400)
