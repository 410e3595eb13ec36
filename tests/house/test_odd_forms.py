"""Odd values in every field of every form, and bodies that are no forms: refused in words, never a fault of ours."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from connections.models import User
from tests.flows.test_team import asked_again
from tests.house.furnish import Two
from tests.house.routes import Route, routes
from tests.house.visits import FORM, body, quiet
from tests.long import LONG

VALUES = [
    *("", " ", "\x00", "\x7f", "²", "٣", "-1", "0", "9" * 400, "1e400", "NaN", "x" * 5_000, "\U0001f98a"),
    *("0000-00-00", "9999-12-31T23:59", "00000000-0000-4000-8000-000000000000", "{}", "[]", "'\"<script>"),
    *(
        "\r\nX: y",
        "https://[::1",
        "http://a:99999/",
        "a@b",
        "é@exämple.com",
        "\u202e",
        "\u2028",
        "%s%n",
        "../..",
    ),
]
FORMS = "application/x-www-form-urlencoded"
MULTI = "multipart/form-data; boundary=x"
# (type, body): forms that cannot be read, or hold what no form holds.
BODIES = [
    (FORMS, b"\xff\xfe=\xff"),
    (FORMS, b"name=%ED%A0%80&customer_ref=%ED%A0%80&title=%00"),
    (FORMS, b"&".join(b"f%d=1" % number for number in range(2_100))),
    (FORMS, b"=&==&%&%zz"),
    (f"{FORMS}; charset=utf-16", b"a=1"),
    (f"{FORMS}; charset=nonsense", b"a=1"),
    ("multipart/form-data", b"x"),
    (MULTI, b""),
    (MULTI, b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
    (MULTI, b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--'),
    (
        MULTI,
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x00b.csv"\r\n\r\n\x00\x00\r\n--x--',
    ),
    (MULTI, b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--'),
    (
        MULTI,
        b'--x\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name="a"\r\n\r\n!\r\n--x--',
    ),
    ("multipart/form-data; boundary=\xe9", b"--x"),
    ("application/json", b'{"a":'),
    ("", b"\x00"),
]


class Fields(HTMLParser):
    """Names of what a page's forms send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and has.get("name"):
            self.found.setdefault(str(has["name"]), has.get("value") or "1")


@pytest.fixture(scope="module")
def people(two: Two) -> dict[str, Client]:
    """Who looks at which kind of address, having shown just now who they are."""
    operator = User.objects.create_user("odd-operator@people.test", is_staff=True, is_superuser=True)
    owner, staff = (asked_again(quiet(two.world.client(person))) for person in (two.world.owner, operator))
    return {
        **dict.fromkeys(("workspace", "signed-in"), owner),
        "operator": staff,
        "public": quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])),
    }


@pytest.mark.parametrize(
    "route", routes("workspace", "signed-in", "public", "operator"), ids=lambda route: route.pattern
)
def test_odd_values_and_bodies_are_no_fault_of_ours(
    two: Two, people: dict[str, Client], route: Route
) -> None:
    client = people[route.kind]
    address = route.address({**two.ours, "object_id": two.ours["connection_id"]})
    fields = {**FORM, **Fields(body(client.get(address))).found}
    fields.pop("csrfmiddlewaretoken", None)
    sent = [dict.fromkeys(fields, value) for value in (VALUES if LONG else VALUES[2::7])]
    if LONG:
        sent += [{**fields, name: value} for name in fields for value in VALUES]
    faults = []
    for data in sent:
        if (status := posted(client, address, data)) >= 500:
            faults.append((status, {name: value[:40] for name, value in data.items()}))
    for kind, content in BODIES if LONG else BODIES[1::3]:
        if (status := posted(client, address, content, kind)) >= 500:
            faults.append((status, kind, content[:60]))
    assert not faults, faults[:5]


def posted(client: Client, address: str, data: object, kind: str = "") -> int:
    """The status of a form that is sent; whatever it did is taken back."""
    with transaction.atomic():
        if kind or isinstance(data, bytes):
            answer = client.generic("POST", address, data, content_type=kind)
        else:
            answer = client.post(address, data)
        body(answer)
        transaction.set_rollback(True)
    return int(answer.status_code)
