"""A partner: how it comes in, what it may do with its customers' accounts, and what it subscribes to."""

import base64
import json
from typing import Any

import pytest

from tests.simulator.rig import HARBOR, Caller, Rig

TOKEN = "/partners/oauth2/default/v1/token"
HOOKS = "/partner/webhooks/subscriptions"


def token_call(rig: Rig, secret: str | None = None, **more: Any) -> Any:
    known = rig.control("GET", "/partner")
    text = f"{known['client_id']}:{known['client_secret'] if secret is None else secret}"
    headers = {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
    return rig.http.post(TOKEN, headers=headers, **(more or {"data": {"grant_type": "client_credentials"}}))


@pytest.fixture
def partner(rig: Rig) -> Caller:
    caller = Caller(rig, token_call(rig).json()["access_token"])
    caller.headers["x-api-key"] = rig.app()["client_id"]
    return caller


def account_of(rig: Rig, name: str = HARBOR) -> str:
    return next(item["account"] for item in rig.control("GET", "/state")["accounts"] if item["name"] == name)


def test_a_token_lives_an_hour_and_is_not_renewed(rig: Rig, partner: Caller) -> None:
    body = token_call(rig).json()
    assert body["expires_in"] == 3600 and "refresh_token" not in body
    assert partner.call("GET", "/partner/accounts").status_code == 200
    rig.wait(3601)
    assert partner.call("GET", "/partner/accounts").status_code == 401


def test_who_does_not_come_in(rig: Rig, partner: Caller) -> None:
    assert token_call(rig, "wrong").status_code == 401
    assert token_call(rig, json={}).status_code == 415
    assert token_call(rig, data={"grant_type": "password"}).status_code == 400
    assert token_call(rig, data={"scope": "contact_data"}).status_code == 400
    ordinary = rig.sign_in()
    ordinary.headers["x-api-key"] = rig.app()["client_id"]
    assert ordinary.call("GET", "/partner/accounts").status_code == 403
    assert partner.call("GET", "/contacts").status_code == 401
    keyless = Caller(rig, "")
    keyless.headers = {"Authorization": partner.headers["Authorization"]}
    answer = keyless.call("GET", "/partner/accounts")
    assert answer.status_code == 403 and answer.json() == {"message": "Forbidden"}


def test_opening_an_account(rig: Rig, partner: Caller) -> None:
    wish = {
        "contact_email": "new@shop.example",
        "country_code": "US",
        "state_code": "MA",
        "login_name": "newshop",
        "organization_name": "New Shop",
        "password": "correct horse",
    }
    made = partner.post("/partner/accounts", wish)
    assert partner.post("/partner/accounts", wish, expect=409)
    assert "correct horse" not in str(rig.journal())
    shop = rig.sign_in("New Shop")
    assert shop.get("/account/summary")["encoded_account_id"] == made["encoded_account_id"]
    plan = partner.get(f"/partner/accounts/{made['encoded_account_id']}/plan")
    assert plan["plan_type"] == "TRIAL" and plan["billing_status"] == "Trial"
    assert partner.post("/partner/accounts", {**wish, "login_name": "abcdef", "password": None}, expect=400)
    rig.control("POST", "/reset")
    assert len(rig.control("GET", "/state")["accounts"]) == 3


def test_plans_lead_away_from_the_trial_only(rig: Rig, partner: Caller) -> None:
    path = f"/partner/accounts/{account_of(rig)}"
    changed = partner.put(f"{path}/plan", {"plan_type": "SILVER", "billing_day_of_month": 3})
    assert changed["plan_type"] == "SILVER" and changed["billing_day_of_month"] == 3
    partner.put(f"{path}/plan", {"plan_type": "TRIAL"}, expect=400)
    partner.put(f"{path}/plan", {"plan_type": "WOOD"}, expect=400)
    assert partner.call("GET", "/partner/accounts/nobody/plan").status_code == 404


def test_canceling_tells_those_who_subscribed(rig: Rig, partner: Caller) -> None:
    account = account_of(rig)
    partner.put(f"{HOOKS}/3", {"hook_uri": "https://vendor.example/hook"})
    answer = partner.put(f"/partner/accounts/{account}/status/cancel", {"reason_id": 1})
    assert answer["reason_id"] == 1 and answer["effective_date"]
    posts = rig.journal()[-1]["effect"]["would_post"]
    assert [post["to"] for post in posts] == ["https://vendor.example/hook"]
    assert set(posts[0]["body"]) == {"url", "api_key", "event_type"}
    owners = partner.get("/partner/accounts")["site_owner_list"]
    assert {item["billing_status"] for item in owners if item["encoded_account_id"] == account} == {
        "Canceled"
    }


def test_subscriptions(rig: Rig, partner: Caller) -> None:
    assert partner.get(HOOKS) == []
    partner.put(f"{HOOKS}/1", {"hook_uri": "https://vendor.example/1"})
    assert partner.put(f"{HOOKS}/1", {"hook_uri": "https://vendor.example/2"})["topic_id"] == 1
    assert partner.get(HOOKS)[0]["topic_name"] == "tier.increase"
    assert partner.call("POST", f"{HOOKS}/1/tests").status_code == 201
    assert partner.call("POST", f"{HOOKS}/2/tests").status_code == 404
    partner.put(f"{HOOKS}/1", {"hook_uri": "nowhere"}, expect=400)
    partner.put(f"{HOOKS}/9", {"hook_uri": "https://vendor.example/2"}, expect=404)
    partner.delete(f"{HOOKS}/1")
    partner.delete(f"{HOOKS}/1", expect=404)


def operation(
    url: str, method: str = "GET", payload: object = None, **parts: dict[str, str]
) -> dict[str, Any]:
    names = {"query": ("query_parameters", "query_param"), "path": ("path_parameters", "path_param")}
    body: dict[str, Any] = {"account_operation_url": url, "account_operation_method": method}
    if payload is not None:
        body["account_operation_payload"] = json.dumps(payload)
    for part, pairs in parts.items():
        name, key = names[part]
        body[f"account_operation_{name}"] = [
            {f"{key}_key": left, f"{key}_value": right} for left, right in pairs.items()
        ]
    return body


def test_any_call_for_a_customer(rig: Rig, partner: Caller) -> None:
    path = f"/partner/accounts/{account_of(rig)}/account_operations/sync"
    one = partner.post(path, operation("/v3/contacts", query={"limit": "1"}), expect=200)["contacts"]
    same = partner.post(
        path,
        operation("https://api.cc.email/v3/contacts/{id}", path={"id": one[0]["contact_id"]}),
        expect=200,
    )
    assert same["contact_id"] == one[0]["contact_id"]
    made = partner.post(path, operation("contact_lists", "POST", {"name": "From the partner"}))
    assert rig.sign_in(HARBOR).get(f"/contact_lists/{made['list_id']}")["name"] == "From the partner"
    writes = [entry for entry in rig.journal() if entry["path"].endswith("/sync") and entry["effect"]]
    assert [entry["effect"]["do"] for entry in writes] == ["list.save"]
    partner.post(path, operation("/v3/contacts/00000000-0000-4000-8000-000000000000"), expect=404)
    partner.post(path, operation("/v3/partner/accounts"), expect=404)
    partner.post(path, operation("/v3/nothing"), expect=404)
    partner.post(path, operation("/v3/contact_lists", "POST", {}), expect=400)


def test_users_of_a_customer(rig: Rig, partner: Caller) -> None:
    path = f"/partner/accounts/{account_of(rig)}/users/sso"
    user = dict.fromkeys(("first_name", "last_name", "external_id", "external_provider"), "x")
    user |= {"role_name": "account_manager", "contact_email": "a@example.org", "login_name": "new.user"}
    assert partner.call("POST", path, json=user).status_code == 201
    partner.post(path, user, expect=409)
    partner.post(path, {**user, "login_name": "other", "role_name": "owner"}, expect=400)


@pytest.mark.parametrize(("everywhere", "count"), [(False, 1), (True, 2)])
def test_unsubscribing(rig: Rig, partner: Caller, everywhere: bool, count: int) -> None:
    address = "both@example.org"
    acme, harbor = rig.sign_in(), rig.sign_in(HARBOR)
    acme.create(address)
    harbor.create(address)
    order = {"email_addresses": [address, "none@example.org"], "update_source": "Contact"}
    path = f"/partner/accounts/{account_of(rig)}/contacts/unsubscribe"
    answer = partner.post(path, {**order, "global_unsubscribe": everywhere}, expect=200)
    assert answer == {"unsubscribed_count": count}
    assert harbor.contact(address)["email_address"]["opt_out_source"] == "Contact"
    assert (acme.contact(address)["email_address"]["permission_to_send"] == "unsubscribed") is everywhere
    deleted = partner.post(path, {**order, "delete_contacts": True}, expect=200)
    assert deleted == {"unsubscribed_count": 1} and harbor.contact(address)["deleted_at"]
