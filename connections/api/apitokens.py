"""Which API tokens there are. No program makes or ends one: that is a person's matter, under Developers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from connections.api.contract import Envelope, needs, scope_of
from connections.models import ApiKey
from connections.programs import keys

router = Router(tags=["API tokens"])
PAGE: Final = 100


class ApiTokenShown(Schema):
    """An API token, without its secret."""

    id: UUID
    name: str
    prefix: str
    last_four: str
    scopes: list[str]
    is_active: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiTokensEnvelope(Envelope):
    """A page of API tokens."""

    result: list[ApiTokenShown]


class Wanted(Schema):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE
    next_cursor: UUID | None = None


@router.get("/api-token", response=ApiTokensEnvelope, summary="List API tokens")
@needs("tokens:read")
def list_api_tokens(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    """The tokens of this environment, by id, ended ones included. They are made and revoked under Developers."""
    now = datetime.now(UTC)
    with scope_of(request).transaction():
        rows = ApiKey.objects.order_by("id")
        if wanted.next_cursor is not None:
            rows = rows.filter(id__gt=wanted.next_cursor)
        found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    return {
        "result": [_shown(row, now) for row in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].pk) if len(found) > wanted.limit else None,
        "meta": {"limit": wanted.limit},
    }


def _shown(row: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "prefix": row.prefix,
        "last_four": row.last_four,
        "scopes": row.scopes,
        "is_active": keys.is_good(row, now),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
        "last_used_at": row.last_used_at,
    }
