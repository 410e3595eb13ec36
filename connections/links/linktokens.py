"""Link tokens: a program makes one for a customer, whose browser then links one account without a login of ours.

`pb_test_link_<43 characters>`, of 256 bits and kept as a digest. A browser that goes on to the provider with it has
it for itself (`bind`); it is used when an account came of it (`use`), and until then that browser may try again.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from connections import scoping
from connections.constantcontact.redaction import Secret
from connections.models import Connection, LinkToken
from connections.scoping import Scope

LONGEST_SECONDS: Final = 7 * 86_400
# Without these an account could neither be named nor worked with, nor would the link outlast a day.
NEEDED_SCOPES: Final = ("account_read", "contact_data", "offline_access")


@dataclass(frozen=True)
class Wish:
    """What a link is for; `customer_ref` or `reconnecting`, and what follows."""

    customer_ref: str = ""
    reconnecting: Connection | None = None
    scopes: tuple[str, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)  # Any: what JSON holds
    keeps_context: bool = True
    redirect_uri: str = ""


@dataclass(frozen=True)
class Opened:
    """A link token that was found, and the scope in which it links."""

    row: LinkToken
    scope: Scope


def make(scope: Scope, wish: Wish, now: datetime, seconds: int) -> tuple[LinkToken, Secret]:
    """A new link token; its text exists only in what is returned. Inside the scope."""
    text = f"pb_{scope.environment}_link_{secrets.token_urlsafe(32)}"
    wanted = {*NEEDED_SCOPES, *wish.scopes} if wish.scopes else set()
    row = LinkToken.objects.create(
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        digest=digest(text),
        customer_ref=wish.reconnecting.customer_ref if wish.reconnecting else wish.customer_ref,
        reconnecting=wish.reconnecting,
        scopes=" ".join(sorted(wanted)),
        context=wish.context,
        keeps_context=wish.keeps_context,
        redirect_uri=wish.redirect_uri,
        expires_at=now + timedelta(seconds=seconds),
    )
    return row, Secret(text)


def find(text: str) -> Opened | None:
    """The link token of this text, whatever became of it."""
    if not text.startswith("pb_"):
        return None
    found = scoping.link(digest(text))
    if found is None:
        return None
    scope, token_id = found
    with scope.transaction():
        rows = LinkToken.objects.select_related("reconnecting__provider_app__pool")
        return Opened(rows.get(pk=token_id), scope)


def trouble(row: LinkToken, browser_nonce: str, now: datetime) -> str:
    """Why this browser cannot link by it: a key of `outcomes.OUTCOMES`, or nothing."""
    if row.used_at is not None or not _is_of(row, browser_nonce):
        return "link_used"
    return "link_expired" if row.expires_at <= now else ""


def is_bound_to(row: LinkToken, browser_nonce: str) -> bool:
    """Whether this browser is the one that has gone on with it."""
    return row.browser_digest is not None and _is_of(row, browser_nonce)


def bind(row: LinkToken, browser_nonce: str, now: datetime) -> bool:
    """Give it to this browser; False if it is another's, used or out of time by now. Inside its scope."""
    mine = digest(browser_nonce)
    free = LinkToken.objects.filter(Q(browser_digest=None) | Q(browser_digest=mine), used_at=None)
    return free.filter(pk=row.pk, expires_at__gt=now).update(browser_digest=mine) == 1


def use(row: LinkToken, now: datetime) -> bool:
    """Use it up, once; in the transaction that keeps the account. False if it is used already."""
    return LinkToken.objects.filter(pk=row.pk, used_at=None).update(used_at=now) == 1


def release(row: LinkToken) -> None:
    """The account did not come to work: its browser may try again. Inside its scope."""
    LinkToken.objects.filter(pk=row.pk).update(used_at=None)


def _is_of(row: LinkToken, browser_nonce: str) -> bool:
    if row.browser_digest is None:
        return True
    return secrets.compare_digest(bytes(row.browser_digest), digest(browser_nonce))


def digest(text: str) -> bytes:
    """How tokens and nonces are kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
