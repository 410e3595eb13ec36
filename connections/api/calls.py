"""`GET /log`: the calls that programs made, redacted, newest first."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, ValidationError

from connections.api.contract import Envelope, needs, refused, scope_of
from connections.models import ApiCall
from connections.programs import calllist, requestlog

router = Router(tags=["Log"])
MOST: Final = 100
LogType = Literal["unified_proxy_api", "api", "rapid_bridge", "webhook", "sync_job_cron_trigger", "mcp"]
_FILTERS: Final = ("status", "path", "method", "integrated_account_id", "request_id")


class LogQuery(Schema):
    """What to look for; `log_type_filter[status]=404` and `status=404` mean the same."""

    log_type: LogType | None = None
    created_at_gt: datetime | None = Field(None, alias="created_at[gt]")
    created_at_lt: datetime | None = Field(None, alias="created_at[lt]")
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST
    next_cursor: UUID | None = None
    status: Annotated[str, Field(pattern=r"^([1-5]xx|[1-5]\d\d)$")] | None = None
    path: Annotated[str, Field(max_length=300)] | None = None
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")] | None = None
    integrated_account_id: UUID | None = None
    request_id: Annotated[str, Field(max_length=32)] | None = None


class LoggedCall(Schema):
    """One call. `query` holds no value that could name a person; `curl` repeats the call, with a token put in."""

    id: UUID
    created_at: datetime
    request_id: str
    log_type: str
    method: str
    path: str
    query: str
    status: int
    reason: str | None
    token_name: str
    integrated_account_id: UUID | None
    duration_ms: int
    request_bytes: int
    response_bytes: int
    curl: str


class LogEnvelope(Envelope):
    """A page of calls."""

    result: list[LoggedCall]


def shown(row: ApiCall) -> dict[str, Any]:
    """A call in the public API's words."""
    return {
        "id": row.pk,
        "created_at": row.called_at,
        "request_id": row.request_id,
        "log_type": row.log_type,
        "method": row.method,
        "path": row.path,
        "query": row.query,
        "status": row.status,
        "reason": row.reason or None,
        "token_name": row.token_name,
        "integrated_account_id": row.connection_id,
        "duration_ms": row.duration_ms,
        "request_bytes": row.request_bytes,
        "response_bytes": row.response_bytes,
        "curl": requestlog.as_curl(row),
    }


@router.get("/log", response=LogEnvelope, summary="Calls that were made")
@needs("logs:read")
def list_calls(request: HttpRequest, asked: Query[LogQuery]) -> dict[str, Any]:
    """The calls of this environment, newest first; a window of at most 31 days, the last ones if none is named.

    Filters: `status` (`404`, or `4xx`), `path` (a part of it), `method`, `integrated_account_id`, `request_id`, each
    also as `log_type_filter[...]`.
    """
    scope = scope_of(request)
    wanted = _wanted(request, asked)
    with scope.transaction():
        rows = calllist.narrow(wanted)
        if asked.next_cursor is not None:
            before = ApiCall.objects.filter(pk=asked.next_cursor).first()
            if before is None:
                raise refused(("next_cursor", "the next_cursor of the page before, unchanged"))
            rows = rows.filter(called_at__lte=before.called_at).exclude(
                called_at=before.called_at, pk__gte=before.pk
            )
        found = list(rows.order_by("-called_at", "-pk")[: asked.limit + 1])
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return {
        "result": [shown(row) for row in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].pk) if more else None,
        "meta": {"limit": asked.limit},
    }


def _wanted(request: HttpRequest, asked: LogQuery) -> calllist.Wanted:
    before = _utc(asked.created_at_lt or datetime.now(UTC) + timedelta(seconds=1))
    earliest = max(before - datetime.min.replace(tzinfo=UTC) - calllist.LONGEST, timedelta())
    after = _utc(asked.created_at_gt or datetime.min.replace(tzinfo=UTC) + earliest)
    if not timedelta() < before - after <= calllist.LONGEST:
        raise refused(("created_at[gt]", "a time before created_at[lt], by 31 days at most"))
    given = asked.model_dump(include=set(_FILTERS))
    named = {name: request.GET.get(f"log_type_filter[{name}]") for name in _FILTERS}
    more = {name: value for name, value in named.items() if value}
    if more:
        try:
            given |= LogQuery.model_validate(more).model_dump(include=set(more))
        except ValidationError as error:
            names = [(f"log_type_filter[{one['loc'][0]}]", str(one["msg"])) for one in error.errors()]
            raise refused(*names) from None
    return calllist.Wanted(
        status=given["status"] or "",
        path=given["path"] or "",
        connection_id=given["integrated_account_id"],
        request_id=given["request_id"] or "",
        log_type=asked.log_type or "",
        method=given["method"] or "",
        after=after,
        before=before,
    )


def _utc(moment: datetime) -> datetime:
    """A time without a zone is UTC; one of an odd zone is turned, since PostgreSQL takes few. Raises Fault."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise refused(("created_at", "a time between the years 1 and 9999, in UTC")) from None
