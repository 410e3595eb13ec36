"""The end of a link: its grant is given back at Constant Contact, and all that we kept of the account is deleted.

The grant goes first: where we die between the two, the account is still here and can be removed again.
"""

import logging

from django.db import connection as database
from django.http import HttpRequest

from connections import audit, gateway, tenancy, tokens, vault
from connections.calllog import CallFor
from connections.constantcontact import errors
from connections.models import Connection, Environment
from connections.signals import connection_changed

log = logging.getLogger(__name__)


def unlink(connection: Connection, *, request: HttpRequest | None = None) -> bool:
    """Remove a linked account, read with its application; whether its grant was given back. Outside any transaction.

    A grant that cannot be given back, because the provider does not answer or has ended it, dies of disuse.
    """
    was_revoked = _revoke(connection)
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        kind = Environment.objects.get(pk=connection.environment_id).kind
        with database.cursor() as cursor:
            if not Connection.objects.select_for_update().filter(pk=connection.pk).exists():
                return was_revoked  # somebody else has removed it meanwhile
            connection_changed.send(sender=Connection, connection=connection, change="deleted")
            # One statement; the keys that carry the tenant take everything below it along.
            cursor.execute("DELETE FROM connections_connection WHERE id = %s", [connection.pk])
        audit.record(
            "connection_removed",
            request=request,
            tenant_id=connection.tenant_id,
            environment=kind,
            about=str(connection),
            old={"customer_ref": connection.customer_ref, "account": connection.account_id},
        )
    return was_revoked


def _revoke(connection: Connection) -> bool:
    app = connection.provider_app
    call_for = CallFor(connection.tenant_id, connection.environment_id, "control", connection.pk)
    try:
        refresh_token = tokens.refresh_token_of(connection)
        if refresh_token and app.revoke_url:
            gateway.revoke(app, call_for, refresh_token)
            return True
        return False
    except (errors.ProviderError, vault.CannotOpen) as error:
        log.warning("connection %s: its grant is not given back: %s", connection.pk, error)
        return False
