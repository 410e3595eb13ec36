"""A secret that a page shows one single time, after the form that made it has redirected.

Kept in the session, sealed, and taken out by the look at it: no table holds it in the clear, reloading the form does
not make a second one, and the address of the page gives nothing away.
"""

from uuid import UUID

from django.http import HttpRequest

from connections import vault
from connections.constantcontact.redaction import Secret

SESSION = "shown_once"


def keep(request: HttpRequest, tenant_id: UUID, row_id: UUID, secret: Secret) -> None:
    """Put a row's secret by for the next page; one that was put by earlier and not looked at is dropped."""
    request.session[SESSION] = {"row": str(row_id), "sealed": vault.seal(secret, _place(tenant_id, row_id))}


def take(request: HttpRequest, tenant_id: UUID, row_id: UUID) -> str:
    """The row's secret, if this browser has not looked at it yet; else an empty text."""
    kept = request.session.get(SESSION)
    if request.method != "GET" or not isinstance(kept, dict) or kept.get("row") != str(row_id):
        return ""
    del request.session[SESSION]
    try:
        return vault.open_sealed(kept["sealed"], _place(tenant_id, row_id)).reveal()
    except vault.CannotOpen:
        return ""


def _place(tenant_id: UUID, row_id: UUID) -> vault.Place:
    return vault.Place(tenant_id, row_id, SESSION)
