"""A simulator in this process with a clock that the test holds, and signed-in callers."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from connections.simulator.app import Simulator
from connections.simulator.clock import parse_time
from connections.simulator.wsgi import application

START = parse_time("2026-03-02T10:00:00Z") or 0
# Of the largest account: most tests look at another one.
FEW = 12
ACME, HARBOR, NORTHSIDE = "Acme Bakery", "Harbor Books", "Northside Clinic"


class Rig:
    """One simulator, its control side and its time."""

    def __init__(self, journal: Path | None = None, *, unlimited: bool = True, **options: Any) -> None:
        self.time = START
        options.setdefault("activity_seconds", 1.5)
        options.setdefault("contacts", FEW)
        self.simulator = Simulator(journal=journal, real=lambda: self.time, **options)
        transport = httpx.WSGITransport(app=application(self.simulator))
        self.http = httpx.Client(transport=transport, base_url="http://simulator")
        if unlimited:
            self.app(per_second=0, per_day=0)

    def control(self, method: str, path: str, body: object = None) -> Any:
        response = self.http.request(method, f"/_sim{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def app(self, **changes: object) -> dict[str, Any]:
        """The default application, changed."""
        app = self.control("GET", "/apps")[0]
        return self.control("PUT", f"/apps/{app['client_id']}", changes) if changes else app

    def switch(self, **answers: object) -> None:
        self.control("PUT", "/switches", answers)

    def wait(self, seconds: float) -> None:
        self.time += round(seconds * 1000)

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        return self.control("GET", f"/journal?after={after}")

    def sign_in(
        self, account: str = ACME, role: str = "owner", scope: str | None = None, **more: object
    ) -> "Caller":
        wish = {"account": account, "role": role, "scope": scope, **more}
        grant = self.control("POST", "/token", {name: value for name, value in wish.items() if value})
        return Caller(self, grant["access_token"])


class Caller:
    """Someone with a token."""

    def __init__(self, rig: Rig, token: str) -> None:
        self.rig = rig
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.rig.http.request(method, f"/v3{path}", headers=headers, **more)

    def get(self, path: str, **params: Any) -> Any:
        # httpx takes an empty dictionary for "no query", also where the path has one.
        response = self.call("GET", path, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: object, expect: int = 201) -> Any:
        response = self.call("POST", path, json=body)
        assert response.status_code == expect, response.text
        return response.json()

    def put(self, path: str, body: object, expect: int = 200) -> Any:
        response = self.call("PUT", path, json=body)
        assert response.status_code == expect, response.text
        return response.json()

    def delete(self, path: str, expect: int = 204) -> None:
        response = self.call("DELETE", path)
        assert response.status_code == expect, response.text

    # --- shorthands ----------------------------------------------------------------------------------------

    def list_id(self, name: str = "General Interest") -> str:
        return self.get("/contact_lists", name=name, status="all")["lists"][0]["list_id"]

    def create(self, email: str, permission: str = "implicit", **more: Any) -> dict[str, Any]:
        body = {
            "email_address": {"address": email, "permission_to_send": permission},
            "create_source": "Account",
            **more,
        }
        return self.post("/contacts", body)

    def contact(self, email: str) -> dict[str, Any]:
        include = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"
        return self.get("/contacts", email=email, status="all", include=include)["contacts"][0]

    def finished(self, activity: dict[str, Any]) -> dict[str, Any]:
        self.rig.wait(60)
        return self.get(f"/activities/{activity['activity_id']}")

    def upload(
        self, text: str | bytes, lists: str | None = None, name: str = "people.csv", **more: Any
    ) -> httpx.Response:
        data = text.encode() if isinstance(text, str) else text
        fields = {"list_ids": self.list_id() if lists is None else lists, **more}
        return self.call(
            "POST",
            "/activities/contacts_file_import",
            files={"file": (name, io.BytesIO(data), "text/csv")},
            data=fields,
        )

    def imported(self, text: str | bytes, lists: str | None = None) -> dict[str, Any]:
        response = self.upload(text, lists)
        assert response.status_code == 201, response.text
        return self.finished(response.json())

    def pages(self, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        body = self.get(path, **params)
        while True:
            found += body[key]
            following = (body.get("_links") or {}).get("next")
            if not following:
                return found
            assert following["href"].startswith("/v3/")
            body = self.get(following["href"].removeprefix("/v3"))


Make = Callable[..., Rig]
