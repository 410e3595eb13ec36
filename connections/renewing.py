"""The sweep of grants: renews those whose moment has come, in order, at the token endpoint's own pace.

Whose moment that is stands in `ConnectionToken.due_at`; `find_due_tokens` gives the next of each application, lost
answers first, then tokens that still work, then those that have run out. It takes a turn only where one is free, so
that callers with work come before it; when ten thousand grants run out at once, each waits for its turn in its row.
"""

import logging
import time
from typing import Final
from uuid import UUID

from django.conf import settings

from connections import gateway, refreshing, tenancy, vault
from connections.constantcontact import errors
from connections.models import Connection

log = logging.getLogger(__name__)
MOST_DUE: Final = 10
# The application's turns are taken: a second later there is another.
HELD_BACK_SECONDS: Final = 1.0
# What no pause of its own was written down for: the sweep looks again after so long.
LATER_SECONDS: Final = 300.0


def run_due(for_seconds: float | None = None) -> int:
    """Renew what is due, for about so long; how many grants have a new pair."""
    # Over before the clock calls the next: however long the queue, one worker is busy with it and not all.
    seconds = settings.ENV.TOKEN_SWEEP_SECONDS * 0.6 if for_seconds is None else for_seconds
    ends = time.monotonic() + seconds
    renewed = 0
    while time.monotonic() < ends:
        found = tenancy.find("find_due_tokens", MOST_DUE)
        if not found:
            return renewed
        held_back: set[UUID] = set()
        done = [_renew_one(ids, held_back, ends) for ids in found]
        renewed += done.count(True)
        if held_back and not any(done):
            time.sleep(HELD_BACK_SECONDS)
    return renewed


def _renew_one(ids: tuple[UUID, ...], held_back: set[UUID], ends: float) -> bool:
    """Whether this grant has a new pair; an application without a free turn is left alone for now."""
    tenant_id, environment_id, connection_id = ids
    with tenancy.acting_for(tenant_id, environment_id):
        connection = Connection.objects.select_related("provider_app__pool").filter(pk=connection_id).first()
    if connection is None or connection.provider_app.pool_id in held_back or time.monotonic() > ends:
        return False
    try:
        return gateway.renew(connection)
    except errors.QuotaRefused:
        held_back.add(connection.provider_app.pool_id)
    except (errors.ProviderError, vault.CannotOpen) as error:
        log.warning("connection %s: its grant is not renewed: %s", connection_id, error)
        _put_off(connection, error)
    except Exception as error:  # one broken row must not stop the others
        log.exception("connection %s: its grant is not renewed", connection_id)
        _put_off(connection, error)
    return False


def _put_off(connection: Connection, error: Exception) -> None:
    """So that a row is not found again at once where its failure left no time of its own."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        refreshing.put_off(connection.pk, error, LATER_SECONDS)
