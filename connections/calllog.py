"""One redacted row a call: what went where, how it ended, how long it took. No body, token or address."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from connections import rows, tenancy
from connections.constantcontact.transport import CallRecord
from connections.models import Connection, ConnectionToken, ProviderCall

FORBIDDEN: Final = 403


@dataclass(frozen=True)
class CallFor:
    """On whose behalf calls are made, in which class of the quota, and how long each may wait for its turn."""

    tenant_id: UUID
    environment_id: UUID
    call_class: str
    connection_id: UUID | None = None
    link_state_id: UUID | None = None
    job_id: UUID | None = None
    wait_seconds: float | None = None  # None: as long as its class waits


@dataclass
class Held:
    """The calls of a program's request, which are written with its own row when the answer is out."""

    calls: list[ProviderCall] = field(default_factory=list)
    is_open: bool = True

    def close(self) -> list[ProviderCall]:
        """Nothing more is held; what was."""
        self.is_open = False
        return self.calls


_held: ContextVar[Held | None] = ContextVar("held", default=None)


@contextmanager
def hold() -> Iterator[Held]:
    """What begins in here hands its calls over, for as long as that is open."""
    held = Held()
    outer = _held.set(held)
    try:
        yield held
    finally:
        _held.reset(outer)


def holder() -> Held | None:
    """To whom what begins now hands its calls over, if to anybody."""
    return _held.get()


def write(call_for: CallFor, purpose: str, record: CallRecord, held: Held | None = None) -> None:
    """Keep one call, at once or with what is held; `host` is the base URL it really went to: scheme, host and port."""
    row = ProviderCall(
        tenant_id=call_for.tenant_id,
        environment_id=call_for.environment_id,
        connection_id=call_for.connection_id,
        link_state_id=call_for.link_state_id,
        job_id=call_for.job_id,
        purpose=purpose,
        call_class=call_for.call_class,
        sent_at=record.sent_at,
        host=record.base_url[:200],
        method=record.method[:8],
        path=record.path[:300],
        status=record.status,
        outcome=record.outcome.value[:40],
        error_key=(record.error_key or "")[:80],
        attempt=record.attempt,
        duration_ms=record.duration_ms,
        request_bytes=record.request_bytes,
        response_bytes=record.response_bytes,
    )
    if held is not None and held.is_open:
        held.calls.append(row)
    else:
        tenancy.at_once(tenancy.Context(call_for.tenant_id, call_for.environment_id), rows.insert(row))
    if record.status == FORBIDDEN and purpose == "api" and call_for.connection_id is not None:
        with tenancy.acting_for(call_for.tenant_id, call_for.environment_id):
            _note_forbidden(call_for.connection_id, record)


def _note_forbidden(connection_id: UUID, record: CallRecord) -> None:
    """The call that was forbidden last, on the account itself. Inside its scope."""
    account = Connection.objects.select_related("provider_app", "token").filter(pk=connection_id).first()
    if account is None:
        return
    token: ConnectionToken | None = getattr(account, "token", None)
    granted = token.scope.split() if token is not None else []
    missing = set(account.provider_app.scopes.split()) - {*granted, "offline_access"} if granted else set()
    noted = {
        "resource": record.path.removeprefix("/v3/").split("/")[0][:80],
        "method": record.method[:8],
        "missing_scopes": sorted(missing),
        "occurred_at": record.sent_at.isoformat(),
    }
    Connection.objects.filter(pk=connection_id).update(last_forbidden=noted)


def missing_scopes(account: Connection) -> list[str]:
    """The scopes that the account's grant lacked when a call was forbidden last. Inside no scope."""
    with tenancy.acting_for(account.tenant_id, account.environment_id):
        noted = Connection.objects.filter(pk=account.pk).values_list("last_forbidden", flat=True).first()
    return list((noted or {}).get("missing_scopes", ()))


def adopt(link_state_id: UUID, connection_id: UUID) -> None:
    """The calls of a link belong to the connection that came of it. Inside its scope."""
    ProviderCall.objects.filter(link_state_id=link_state_id).update(connection_id=connection_id)
