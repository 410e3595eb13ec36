"""What a program changes of a linked account: what the vendor keeps with it, and whether it rests."""

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest

from connections import audit, scoping
from connections.links import contexts
from connections.models import Connection
from connections.scoping import Scope
from connections.signals import connection_changed


def change(
    scope: Scope,
    account_id: UUID,
    *,
    patch: contexts.Context | None = None,
    is_paused: bool | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Merge `patch` into the account's context, and pause or resume it; nothing is written where nothing changes.

    Raises:
        Http404: there is no such account in this scope.
        contexts.NotKept: what would come out cannot be kept; nothing is changed.
    """
    with scope.transaction():
        account = scoping.one(Connection.objects.select_for_update(of=("self",)), pk=account_id)
        context = contexts.merged(account.context, patch) if patch else account.context
        acts = ["connection_changed"] if context != account.context else []
        if is_paused is not None and is_paused != (account.paused_at is not None):
            account.paused_at = datetime.now(UTC) if is_paused else None
            acts.append("connection_paused" if is_paused else "connection_resumed")
        if not acts:
            return
        account.context = context
        account.save(update_fields=["context", "paused_at"])
        connection_changed.send(sender=Connection, connection=account, change="updated")
        if "connection_resumed" in acts and account.status == Connection.Status.ACTIVE:
            connection_changed.send(sender=Connection, connection=account, change="reactivated")
        for act in acts:
            audit.record(
                act,
                request=request,
                tenant_id=scope.tenant_id,
                environment=scope.environment,
                about=str(account),
            )
