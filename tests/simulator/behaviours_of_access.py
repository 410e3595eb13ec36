"""Both answers of the switches on authorization, the gateway and the shapes of answers."""

from typing import Any

from tests.simulator.behaviours import of
from tests.simulator.rig import Rig
from tests.simulator.test_oauth import AUTHORIZE, CHALLENGE, asked, call, decide, exchange, refresh

# --- authorization ------------------------------------------------------------------------------------------


@of("pkce_on_code_app", {"refused": "invalid_request", "accepted": None})
def _(rig: Rig) -> Any:
    query = asked(rig, code_challenge=CHALLENGE, code_challenge_method="S256")
    page = rig.http.get(AUTHORIZE, params=query)
    return None if page.status_code == 200 else page.headers["location"].split("error=")[1].split("&")[0]


def _granted(rig: Rig) -> dict[str, Any]:
    return exchange(rig, decide(rig)["code"]).json()


@of("refresh_reuse", {"kills_grant": 401, "refused_only": 200})
def _(rig: Rig) -> Any:
    first = _granted(rig)
    second = refresh(rig, first["refresh_token"]).json()
    assert refresh(rig, first["refresh_token"]).status_code == 400
    return call(rig, second["access_token"])


@of("refresh_grace_seconds", {0: 400, 30: 200})
def _(rig: Rig) -> Any:
    first = _granted(rig)
    refresh(rig, first["refresh_token"])
    return refresh(rig, first["refresh_token"]).status_code


@of("old_access_token_after_refresh", {"valid": 200, "dead": 401})
def _(rig: Rig) -> Any:
    first = _granted(rig)
    refresh(rig, first["refresh_token"])
    return call(rig, first["access_token"])


@of("device_refresh_token", {"issued": True, "absent": False})
def _(rig: Rig) -> Any:
    from tests.simulator.test_device import tokens_of

    return "refresh_token" in tokens_of(rig)


@of("revoke_ends", {"grant": (401, 400), "token": (401, 200)})
def _(rig: Rig) -> Any:
    first, app = _granted(rig), rig.app()
    rig.wait(2)
    auth = (app["client_id"], app["client_secret"])
    rig.http.post("/oauth2/default/v1/revoke", data={"token": first["access_token"]}, auth=auth)
    return call(rig, first["access_token"]), refresh(rig, first["refresh_token"]).status_code


@of("token_calls_per_second", {1: [400, 429], 0: [400, 400]})
def _(rig: Rig) -> Any:
    app = rig.app()
    auth, data = (
        (app["client_id"], app["client_secret"]),
        {"grant_type": "refresh_token", "refresh_token": "x"},
    )
    return [rig.http.post("/oauth2/default/v1/token", data=data, auth=auth).status_code for _ in range(2)]


@of("login_page_opener_policy", {"absent": None, "same-origin": "same-origin"})
def _(rig: Rig) -> Any:
    return rig.http.get(AUTHORIZE, params=asked(rig)).headers.get("cross-origin-opener-policy")


@of("state_required", {"yes": 302, "no": 200})
def _(rig: Rig) -> Any:
    return rig.http.get(AUTHORIZE, params=asked(rig, state=None)).status_code


# --- gateway and limits -------------------------------------------------------------------------------------


@of("missing_authorization", {"unauthorized": 401, "forbidden": 403})
def _(rig: Rig) -> Any:
    return rig.http.get("/v3/contacts").status_code


@of("missing_scope_text", {"insufficient_scope": "scope.", "insufficient_privileges": "privileges."})
def _(rig: Rig) -> Any:
    answer = rig.sign_in(scope="account_read").call("GET", "/contacts")
    assert answer.status_code == 403
    return answer.json()["error_message"].rsplit(" ", 1)[-1]


@of("unknown_path", {"forbidden": 403, "not_found": 404})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("GET", "/nothing").status_code


@of("limiter", {"sliding": (4, 1, 0), "fixed": (4, 1, 3), "bucket": (4, 1, 1)})
def _(rig: Rig) -> Any:
    """How many of four calls pass at 0.9 s, of one at 1.9 s, and of three at 2.2 s."""
    rig.app(per_second=4)
    acme = rig.sign_in()

    def passed(count: int) -> int:
        return sum(acme.call("GET", "/contact_tags").status_code == 200 for _ in range(count))

    rig.wait(0.9)
    first = passed(5)
    rig.wait(1.0)
    second = passed(1)
    rig.wait(0.05)
    taken = passed(3)
    assert taken == 3
    rig.wait(0.25)
    return first, second, passed(3)


@of("bucket_capacity", {4: 4, 1: 1})
def _(rig: Rig) -> Any:
    rig.switch(limiter="bucket")
    rig.app(per_second=4)
    acme = rig.sign_in()
    return sum(acme.call("GET", "/contact_tags").status_code == 200 for _ in range(6))


def _calls_today(rig: Rig) -> int:
    return rig.control("GET", "/state")["apps"][0]["calls_today"]


@of("rejected_calls_count", {"no": 4, "yes": 6})
def _(rig: Rig) -> Any:
    rig.app(per_second=4)
    acme = rig.sign_in()
    for _ in range(6):
        acme.call("GET", "/contact_tags")
    return _calls_today(rig)


@of("failed_calls_count", {"yes": 1, "no": 0})
def _(rig: Rig) -> Any:
    rig.sign_in().call("GET", "/contacts/none")
    return _calls_today(rig)


@of("token_calls_count", {"no": 0, "yes": 1})
def _(rig: Rig) -> Any:
    refresh(rig, "none")
    return _calls_today(rig)


# --- shapes -------------------------------------------------------------------------------------------------


@of("time_form", {"seconds": "00Z", "milliseconds": "00.000Z", "offset": "00+00:00"})
def _(rig: Rig) -> Any:
    return rig.sign_in().create("a@example.org")["created_at"].rsplit(":00:", 1)[-1]


@of("last_page_link", {"absent": {}, "null": {"_links": {"next": None}}})
def _(rig: Rig) -> Any:
    body = rig.sign_in().get("/contact_tags")
    return {name: value for name, value in body.items() if name == "_links"}


@of("null_properties", {"omitted": "absent", "null": None})
def _(rig: Rig) -> Any:
    return rig.sign_in().create("a@example.org").get("job_title", "absent")


@of("malformed_id", {404: 404, 400: 400})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("GET", "/contacts/none").status_code


@of("unknown_query_parameter", {"ignored": 200, "refused": 400})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("GET", "/contacts", params={"colour": "red"}).status_code


@of("unknown_body_property", {"ignored": 201, "refused": 400})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("POST", "/contact_lists", json={"name": "a", "colour": "red"}).status_code


@of("automations_status", {200: 200, 209: 209})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("GET", "/automations/workflows").status_code
