"""One redacted row a call of a program's: what was asked for, by which token, about which account, and how it ended.

No body, no token; of the query only values that cannot name a person. Rows are kept REQUEST_LOG_DAYS.
"""

import logging
import re
import shlex
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseFault
from django.http import HttpRequest, HttpResponseBase

from connections import calllog, portions, rows, tenancy
from connections.constantcontact import redaction
from connections.models import ApiCall, ProviderCall
from connections.programs import answered
from connections.scoping import Scope

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase]
CALLS: Final = "unified_proxy_api"
OTHERS: Final = "api"
_OURS: Final = re.compile(r"/(?:api|compat|v3)/")
_CALLS: Final = re.compile(r"/(?:v3/|(?:api|compat)/(?:unified|proxy|custom|batch-request)\b)")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}(?:\[[A-Za-z0-9_]{0,40}\])*")
# Parameters whose values are no one's: ids, sizes and choices.
_SHOWN: Final = frozenset(
    {
        "integrated_account_id",
        "limit",
        "strict",
        "status",
        "include",
        "include_count",
        "truto_response_format",
    }
    | {
        "truto_key_by",
        "truto_ignore_limit",
        "truto_super_query",
        "state",
        "kind",
        "outcome",
        "type",
        "log_type",
    }
)
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9_,.-]{0,80}")


def record(get_response: Handler) -> Handler:
    """Middleware: writes the row when the answer's body has gone out."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not _OURS.match(request.path_info):
            return get_response(request)
        began, called_at = time.monotonic(), datetime.now(UTC)
        with calllog.hold() as held:
            response = get_response(request)
        scope = getattr(request, "auth", None)
        if isinstance(scope, Scope):

            def ended(size: int, _content: bytes | None, _is_whole: bool) -> None:
                row = _row(request, scope, response.status_code, called_at, began, size)
                _write(scope, row, held.close())

            answered.watch(response, 0, ended)
        return response

    return handle


def _row(
    request: HttpRequest, scope: Scope, status: int, called_at: datetime, began: float, size: int
) -> ApiCall:
    account = request.META.get("PATCHBAY_ACCOUNT")
    length = request.META.get("CONTENT_LENGTH") or "0"
    return ApiCall(
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        called_at=called_at,
        request_id=request.META.get("PATCHBAY_REFERENCE", "")[:32],
        log_type=CALLS if _CALLS.match(request.path_info) else OTHERS,
        method=str(request.method)[:8],
        path=plain_path(request.path_info),
        query=plain_query(request.META.get("QUERY_STRING", "")),
        status=status,
        reason=request.META.get("PATCHBAY_REASON", "")[:40],
        key_id=scope.key_id,
        token_name=scope.token_name[:80],
        connection_id=getattr(account, "pk", None),
        duration_ms=round((time.monotonic() - began) * 1000),
        request_bytes=int(length) if length.isdecimal() else 0,
        response_bytes=size,
    )


def _write(scope: Scope, row: ApiCall, calls: Sequence[ProviderCall]) -> None:
    """The request and the provider calls that it took."""
    inserts = [rows.insert(one) for one in (*calls, row)]
    try:
        tenancy.at_once(scope.context, *inserts, lightly=not calls)
    except DatabaseFault:
        # The answer is here already: a log that cannot be written must not swallow it.
        log.exception("a call could not be logged")


def plain_path(path: str) -> str:
    """A path without what could be an address or a secret in it."""
    return "/".join(
        part if part.isprintable() and redaction.scrub(part) == part else redaction.MASK
        for part in path.split("/")
    )[:300]


def plain_query(query: str) -> str:
    """The names of a query, with the values that cannot name a person."""
    pairs = [
        (
            name if _PLAIN_NAME.fullmatch(name) else redaction.MASK,
            value if _is_plain(name, value) else redaction.MASK,
        )
        for name, value in parse_qsl(query, keep_blank_values=True)[:50]
    ]
    return urlencode(pairs, safe="[],:")[:500]


def _is_plain(name: str, value: str) -> bool:
    if name in _SHOWN:
        return bool(_PLAIN_VALUE.fullmatch(value))
    try:
        return bool(UUID(value))
    except ValueError:
        return False


def as_curl(row: ApiCall) -> str:
    """The call as a command for a terminal; the token stands in $PATCHBAY_TOKEN, what was masked is to be filled in.

    Whoever makes a call chooses its words, and somebody else pastes them: every one is quoted.
    """
    path = quote(row.path, safe=f"/{redaction.MASK}")
    query = f"?{row.query}" if row.query else ""
    url = shlex.quote(f"{settings.PUBLIC_URL}{path}{query}")
    lines = [f"curl -X {shlex.quote(row.method)} {url}", '-H "Authorization: Bearer $PATCHBAY_TOKEN"']
    if row.connection_id and "integrated_account_id" not in row.query:
        lines.append(f"-H {shlex.quote(f'X-Integrated-Account-Id: {row.connection_id}')}")
    if row.request_bytes:
        lines.append("-H 'Content-Type: application/json' --data @body.json")
    return " \\\n  ".join(lines)


def tidy(now: datetime, using: str) -> None:
    """Let go of old rows, in every workspace."""
    old = now - timedelta(days=settings.ENV.REQUEST_LOG_DAYS)
    portions.delete(ApiCall.objects.using(using).filter(called_at__lt=old).order_by("called_at"))
