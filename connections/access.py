"""What a 403 means: the provider answers alike to a lost privilege, a missing scope and an application switched off.

The privileges endpoint needs neither scope nor privilege, so one call to it tells them apart. The grant lives in
each case; what was found is written on the connection, in words for whoever can mend it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from connections import gateway, tenancy
from connections.constantcontact import errors
from connections.links.privileges import role_of
from connections.models import Connection, ConnectionToken
from connections.signals import connection_changed

# What Patchbay's own calls need of the person who connected (api_guide/user_privileges.html).
NEEDED: Final = (
    "account:read",
    "contacts:read",
    "contacts:write",
    "contacts:lists:read",
    "contacts:lists:write",
)


@dataclass(frozen=True)
class Finding:
    """Why calls are refused, whose matter it is, and what to do."""

    reason: Literal["privilege_lost", "scope_missing", "application_off", "forbidden"]
    text: str
    is_persons: bool = True


def explain(connection: Connection) -> Finding:
    """Ask what is still allowed, by one call, and keep the answer. Outside any transaction.

    Raises:
        errors.ProviderError: the grant itself is dead or not to be renewed, or we have no turn.
    """
    try:
        names = [one.name for one in gateway.open_client(connection, "control").account.privileges()]
    except errors.Forbidden:
        names = None
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        token = ConnectionToken.objects.only("scope").filter(connection_id=connection.pk).first()
        granted = (token.scope if token else "").split()
        found = judge(names, granted, connection.provider_app.scopes.split(), connection.account_owner)
        _keep(connection, names, found)
    return found


def judge(
    names: Collection[str] | None, granted: Collection[str], wanted: Collection[str], owner: str
) -> Finding:
    """The finding. Pure.

    Args:
        names: privileges of the person who connected; None where even asking for them was refused.
        granted: scopes of the grant; empty where they are not known.
        wanted: scopes that the application asks for.
        owner: the account's owner, as people call them; "" if not known.
    """
    if names is None:
        return Finding(
            "application_off",
            "Constant Contact refuses every call of this application: it was switched off there. Whoever runs Patchbay "
            "switches it on again at Constant Contact; then this goes on by itself.",
            is_persons=False,
        )
    lost = [name for name in NEEDED if name not in names]
    if lost:
        ask = f"{owner}, the owner of the account," if owner else "the owner of the account"
        return Finding(
            "privilege_lost",
            f"The person who connected this account is {_article(role_of(names))} there now, without "
            f"{', '.join(lost)}. Ask {ask} to give that back, or to reconnect the account.",
        )
    missing = sorted(set(wanted) - set(granted) - {"offline_access"}) if granted else []
    if missing:
        return Finding(
            "scope_missing",
            f"The link was made without {', '.join(missing)}. Reconnect the account and allow all that is asked.",
        )
    return Finding(
        "forbidden",
        "Constant Contact forbids this call, although privileges and scopes of the link are complete. Reconnect the "
        "account; if that changes nothing, ask Constant Contact's support.",
    )


def forget(connection: Connection) -> None:
    """Somebody says that it was mended: the next call finds out. Inside the connection's scope."""
    mended = Connection.objects.filter(pk=connection.pk).exclude(refusal="").update(refusal="", last_error="")
    if mended:
        connection_changed.send(sender=Connection, connection=connection, change="updated")


def _keep(connection: Connection, names: list[str] | None, found: Finding) -> None:
    changes: dict[str, object] = {}
    if names is not None:
        changes = {"privileges": names, "account_role": role_of(names)}
    if found.is_persons:
        changes |= {"refusal": found.reason, "last_error": found.text[:300]}
    rows = Connection.objects.filter(pk=connection.pk, status=Connection.Status.ACTIVE)
    is_news = found.is_persons and rows.exclude(refusal=found.reason).exists()
    rows.update(**changes)
    if is_news:
        connection_changed.send(sender=Connection, connection=connection, change="updated")


def _article(role: str) -> str:
    return f"{'an' if role[:1] in 'AEIOU' else 'a'} {role.lower()}"
