"""The device flow, from the code on the device to its tokens."""

from typing import Any

from tests.simulator.rig import Rig
from tests.simulator.test_oauth import TOKEN, asked, call, refresh

DEVICE = "/oauth2/default/v1/device/authorize"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "contact_data offline_access"


def begin(rig: Rig, **changes: str) -> Any:
    app = rig.app(flow="device")
    rig.wait(2)
    return rig.http.post(DEVICE, data={"client_id": app["client_id"], "scope": SCOPE, **changes})


def poll(rig: Rig, device_code: str) -> Any:
    rig.wait(2)
    data = {"grant_type": GRANT, "device_code": device_code, "client_id": rig.app()["client_id"]}
    return rig.http.post(TOKEN, data=data)


def decide(rig: Rig, user_code: str, decision: str = "allow") -> Any:
    account = rig.control("GET", "/state")["accounts"][0]["account"]
    form = {"user_code": user_code, "user": f"{account}:owner", "decision": decision}
    return rig.http.post("/oauth2/activate", data=form)


def tokens_of(rig: Rig) -> dict[str, Any]:
    """The whole way."""
    begun = begin(rig).json()
    assert decide(rig, begun["user_code"]).status_code == 200
    tokens: dict[str, Any] = poll(rig, begun["device_code"]).json()
    return tokens


def test_the_whole_way(rig: Rig) -> None:
    begun = begin(rig).json()
    assert begun["interval"] == 5 and begun["expires_in"] == 600
    assert begun["verification_uri_complete"].endswith(begun["user_code"])
    page = rig.http.get(begun["verification_uri_complete"].removeprefix("http://simulator"))
    assert page.status_code == 200 and begun["user_code"] in page.text
    waiting = poll(rig, begun["device_code"])
    assert waiting.status_code == 400 and waiting.json()["error"] == "authorization_pending"
    assert decide(rig, begun["user_code"].lower()).status_code == 200
    tokens = poll(rig, begun["device_code"]).json()
    assert call(rig, tokens["access_token"]) == 200
    assert poll(rig, begun["device_code"]).json()["error"] == "invalid_grant"
    rig.wait(2)
    data = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = rig.http.post(TOKEN, data={**data, "client_id": rig.app()["client_id"]})
    assert again.status_code == 200
    assert refresh(rig, tokens["refresh_token"]).json()["error"] == "invalid_client"


def test_refusals(rig: Rig) -> None:
    begun = begin(rig).json()
    decide(rig, begun["user_code"], "deny")
    assert poll(rig, begun["device_code"]).json()["error"] == "access_denied"
    late = begin(rig).json()
    rig.wait(601)
    assert decide(rig, late["user_code"]).status_code == 400
    assert poll(rig, late["device_code"]).json()["error"] == "expired_token"
    assert begin(rig, scope="everything").json()["error"] == "invalid_scope"
    assert poll(rig, "unknown").json()["error"] == "invalid_grant"
    answer = rig.http.get("/oauth2/default/v1/authorize", params=asked(rig))
    assert "error=unauthorized_client" in answer.headers["location"]


def test_only_a_device_app(rig: Rig) -> None:
    app = rig.app()
    auth = (app["client_id"], app["client_secret"])
    answer = rig.http.post(DEVICE, data={"scope": SCOPE}, auth=auth)
    assert answer.status_code == 400 and answer.json()["error"] == "unauthorized_client"


def test_no_code_is_written(rig: Rig) -> None:
    begun = begin(rig).json()
    text = str(rig.journal())
    assert begun["device_code"] not in text and begun["user_code"] not in text
