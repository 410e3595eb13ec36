"""Both answers of the switches on refusals: their statuses, bodies and keys, and limits that have no number."""

import base64
import json
from typing import Any

from tests.simulator.behaviours import of
from tests.simulator.rig import Rig
from tests.simulator.test_oauth import TOKEN, decide, exchange, refresh


@of("invalid_client_status", {401: (401, True), 400: (400, False)})
def _(rig: Rig) -> Any:
    answer = rig.http.post(TOKEN, data={"grant_type": "x"}, auth=(rig.app()["client_id"], "wrong"))
    assert answer.json()["error"] == "invalid_client"
    return answer.status_code, "www-authenticate" in answer.headers


@of("invalid_grant_status", {400: 400, 401: 401})
def _(rig: Rig) -> Any:
    answer = refresh(rig, "none")
    assert answer.json()["error"] == "invalid_grant"
    return answer.status_code


@of(
    "token_limit_body",
    {"platform": ["errorCode", "errorSummary"], "gateway": ["error_key", "error_message"]},
)
def _(rig: Rig) -> Any:
    app = rig.app()
    auth = (app["client_id"], app["client_secret"])
    answers = [rig.http.post(TOKEN, data={"grant_type": "x"}, auth=auth) for _ in range(2)]
    assert answers[1].status_code == 429
    return list(answers[1].json())


REQUIRED = {"jti", "iss", "aud", "exp", "cid", "sub", "platform_user_id"}


@of("token_claims", {"platform": {"ver", "iat", "uid", "scp", "auth_time"}, "required": set()})
def _(rig: Rig) -> Any:
    token = exchange(rig, decide(rig)["code"]).json()["access_token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert set(claims) >= REQUIRED
    assert (
        rig.http.get("/v3/contacts/counts", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    )
    return set(claims) - REQUIRED


@of("endpoint_calls_per_second", {0: [200, 200, 200], 1: [200, 429, 200]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    paths = ("/contact_lists", "/contact_lists", "/contact_tags")
    return [acme.call("GET", path).status_code for path in paths]


@of("queue_full_key", {"named": True, "absent": False})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    body = {"source": {"all_active_contacts": True}, "list_ids": [acme.list_id()]}
    # Filling the queue call by call is in test_bulk.
    next(iter(rig.simulator.store.accounts.values())).queued = 1000
    answer = acme.post("/activities/remove_list_memberships", body, expect=429)
    assert "1,000 queued" in answer["error_message"]
    return "error_key" in answer


@of("error_keys", {"contacts": ["contacts", "contacts"], "own": ["contacts", "contact_lists"]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    refused = [acme.post(path, {}, expect=400) for path in ("/contacts", "/contact_lists")]
    return [error[0]["error_key"].removesuffix(".api.validation.error") for error in refused]


@of("cursor_life_seconds", {0: [200, 200], 3600: [200, 400]})
def _(rig: Rig) -> Any:
    harbor = rig.sign_in("Harbor Books")
    following = harbor.get("/contacts", limit=5)["_links"]["next"]["href"].removeprefix("/v3")
    rig.wait(3600)
    soon = harbor.call("GET", following)
    assert soon.json()["_links"]["next"]["href"] != following
    rig.wait(1)
    return [soon.status_code, harbor.call("GET", following).status_code]


@of("country_case", {"lower": ["us", "us"], "upper": ["US", "US"]})
def _(rig: Rig) -> Any:
    summary = rig.sign_in().get("/account/summary", extra_fields="physical_address")
    return [summary["country_code"], summary["physical_address"]["country_code"]]
