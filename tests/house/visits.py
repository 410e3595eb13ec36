"""Requests as somebody, what came back, and whether anything was changed by them."""

import re
from typing import Any

from django.db import connections
from django.test import Client

from tests.house.furnish import tenant_models

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
HYPERTEXT = {"HX-Request": "true"}
# Every method, and as HTMX sends the two that it uses.
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    *((method, {}) for method in METHODS),
    ("get", HYPERTEXT),
    ("post", HYPERTEXT),
)
# What a form of ours could carry; the stranger sends it to the other's addresses.
FORM = {
    "customer_ref": "stolen",
    "name": "stolen",
    "encoding": "auto",
    "outcome": "rejected",
    "choice": "ignored",
    "permission": "on",
    "confirm": "on",
    "everyone": "new",
}
# Written by nobody's intent: sign-ins, and when, from where, for what and how often a token was last used.
FINGERPRINT = """
    SELECT string_agg(md5(lines), '' ORDER BY lines) FROM (
        SELECT (to_jsonb(one) - ARRAY['last_used_at', 'last_used_from', 'last_used_for', 'last_login',
            'window_start', 'window_calls'])::text AS lines
        FROM "{}" one) found
"""
# A pool's plan of the day is made anew by whoever looks at it first after some minutes.
PLANNED = "connections_quotapool"
AUDIT = 'FROM "connections_auditevent" one'
REFUSALS = ("access_refused", "input_refused", "invitation_refused", "link_refused")


def quiet(client: Client) -> Client:
    """A fault is an answer to look at, not an exception."""
    client.raise_request_exception = False
    return client


def send(client: Client, method: str, address: str, **more: Any) -> Any:
    """One request, with a form where the method takes one."""
    data = FORM if method == "post" else None
    return getattr(client, method)(address, data, **more)


def body(response: Any) -> str:
    """What came back, whole, headers included."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{dict(response.headers)}\n{content.decode(errors='replace')}"


def without_chance(response: Any) -> str:
    """What came back, without the request's own number and the form tokens."""
    text = body(response).replace(response.headers.get("X-Request-Id", "-"), "")
    return re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="\w+"', "", text)


def fingerprint(*, refusals_apart: bool = False) -> dict[str, Any]:
    """Every row of every table, sessions apart, as the operators see them.

    Args:
        refusals_apart: leave out that an act was refused, which is all that a refused act may write.
    """
    with connections["operator"].cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN "
            "('django_session', 'django_migrations', 'usersessions_usersession', 'connections_counter', "
            "'connections_apicall')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        if refusals_apart:
            tables.remove("connections_audithead")
        lines = [FINGERPRINT.format(table) for table in tables]
        lines[tables.index(PLANNED)] = lines[tables.index(PLANNED)].replace(
            "'last_login',", "'last_login', 'state',"
        )
        if refusals_apart:
            lines = [one.replace(AUDIT, f"{AUDIT} WHERE action IN {REFUSALS} IS FALSE") for one in lines]
        cursor.execute("SELECT " + ", ".join(f"({one})" for one in lines))
        return dict(zip(tables, cursor.fetchone(), strict=True))


def seen_rows() -> list[Any]:
    """Every row of the context that is open."""
    found = []
    for table in sorted(model._meta.db_table for model in tenant_models()):
        with connections["default"].cursor() as cursor:
            cursor.execute(FINGERPRINT.format(table))
            found.append((table, cursor.fetchone()))
    return found


def leads_to_sign_in(response: Any) -> bool:
    """A redirect to the sign-in page; for HTMX one that the whole page follows."""
    whole_page = response.headers.get("HX-Redirect", "")
    address = str(response.headers.get("Location", "") if response.status_code == 302 else whole_page)
    return address.startswith(("/accounts/login/", "/admin/login/"))


def assert_nothing_of(marker: str, response: Any) -> None:
    """No text of the other's rows came back."""
    assert marker not in body(response)
