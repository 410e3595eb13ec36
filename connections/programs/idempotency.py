"""`Idempotency-Key`: a call that changes something is made once, however often it is sent.

    enter   at an endpoint's door, after the token was found good: the call is new, or its answer is here already
    keep    middleware: the answer is kept for whoever sends the call again

A call is known by account, address and key; another body with the same key is refused. Answers hold people's data,
so they are sealed; they are let go after IDEMPOTENCY_HOURS. What was refused before anything was done is not kept:
it may be sent again, as may whatever names a time to try again and has surely done nothing. A failure of our own says
nothing of how far the call came, and to make it again could do twice what was done: its key stays used, its page is
not kept, and whoever sends it again is told that it may have happened.
"""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import RawPostDataException

from connections import portions, vault
from connections.constantcontact.redaction import Secret
from connections.models import IdempotentReply
from connections.programs import answered
from connections.scoping import Scope

Handler = Callable[[HttpRequest], HttpResponseBase]
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
MOST_BYTES: Final = 262_144
# A call that is under way for longer has died with its process.
LONGEST: Final = timedelta(minutes=5)
_HELD: Final = "PATCHBAY_IDEMPOTENT"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_PREFIX: Final = re.compile(r"^/api(?=/)")
_KEPT_HEADERS: Final = ("Content-Type", "Location", "Content-Disposition")
# Noted on a request: its error names a time to try again, and nothing was done; what was answered is our own failure.
AGAIN: Final = "PATCHBAY_AGAIN"
FAILED: Final = "PATCHBAY_FAILED"
# Reasons of errors that say: nothing was done, or the same call goes on from where it was.
NOTHING_DONE: Final = frozenset(
    {"account_used", "activity_queue_full", "key_missing", "needs_reconnect", "provider_unavailable"}
    | {"provider_unreachable", "quota_exceeded", "tenant_share_exhausted", "throttled", "token_unavailable"}
    | {"too_many_requests", "account_paused", "not_linked"}
)


class BadKey(ValueError):
    """The header holds no key."""


class Reused(Exception):
    """The key was used for another call."""


class UnderWay(Exception):
    """The same call is being made at this moment."""


class Unknown(Exception):
    """The same call was made, and its answer is not here; `status` is what it was answered by, if that is known."""

    def __init__(self, status: int | None) -> None:
        super().__init__("the answer was not kept")
        self.status = status


class Replay(Exception):
    """The same call was made before; `response` is its answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__("answered before")
        self.response = response


@dataclass(frozen=True)
class _Held:
    """A call that is being made: its row is ours to end."""

    scope: Scope
    row_id: UUID


def enter(request: HttpRequest, scope: Scope) -> None:
    """Let a call through that is new.

    Raises:
        BadKey, Reused, UnderWay, Unknown, Replay: it is not to be made.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method not in METHODS or _HELD in request.META:
        return
    if _length(request) > settings.ENV.PROXY_MAX_BYTES:
        return  # only bulk writes take so much; their job is found by the same key
    if not _KEY.fullmatch(key):
        raise BadKey
    digest, body_digest = _digest(request, scope, key), _body_digest(request)
    row = IdempotentReply(
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        digest=digest,
        body_digest=body_digest,
        created_at=datetime.now(UTC),
    )
    try:
        with scope.transaction():
            _forget_old(digest)
            row.save(force_insert=True)
    except IntegrityError:
        _known(scope, digest, body_digest)
    request.META[_HELD] = _Held(scope, row.pk)


def _forget_old(digest: bytes) -> None:
    """The sweep comes once in a while; what is too old counts as gone. Inside the scope."""
    IdempotentReply.objects.filter(digest=digest, created_at__lt=oldest(datetime.now(UTC))).delete()


def oldest(now: datetime) -> datetime:
    """What is older is let go."""
    return now - timedelta(hours=settings.ENV.IDEMPOTENCY_HOURS)


def _known(scope: Scope, digest: bytes, body_digest: bytes) -> None:
    with scope.transaction():
        row = IdempotentReply.objects.filter(digest=digest).first()
    if row is None:  # let go in this moment: as if it were under way, so that the program asks again
        raise UnderWay
    if bytes(row.body_digest) != body_digest:
        raise Reused
    if row.ended_at is None and datetime.now(UTC) - row.created_at < LONGEST:
        raise UnderWay
    if not row.is_kept:
        raise Unknown(row.status)
    content = base64.b64decode(vault.open_sealed(row.content_sealed, place(row)).reveal())
    response = HttpResponse(content, status=row.status)
    del response.headers["Content-Type"]
    for name, value in row.headers.items():
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    raise Replay(response)


def keep(get_response: Handler) -> Handler:
    """Middleware: keeps the answer of a call that `enter` has let through."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        held: _Held | None = request.META.pop(_HELD, None)
        if held is None:
            return response
        if _may_be_made_again(request, response):
            with held.scope.transaction():
                IdempotentReply.objects.filter(pk=held.row_id).delete()
            return response

        is_answer = FAILED not in request.META

        def ended(_size: int, content: bytes | None, is_whole: bool) -> None:
            _store(held, response, content if is_whole and is_answer else None)

        answered.watch(response, MOST_BYTES, ended)
        return response

    return handle


def _may_be_made_again(request: HttpRequest, response: HttpResponseBase) -> bool:
    reason = request.META.get("PATCHBAY_REASON")
    return response.status_code in (401, 429) or reason in NOTHING_DONE or bool(request.META.get(AGAIN))


def _store(held: _Held, response: HttpResponseBase, content: bytes | None) -> None:
    row = IdempotentReply(pk=held.row_id, tenant_id=held.scope.tenant_id)
    sealed = "" if content is None else vault.seal(Secret(base64.b64encode(content).decode()), place(row))
    with held.scope.transaction():
        IdempotentReply.objects.filter(pk=held.row_id).update(
            ended_at=datetime.now(UTC),
            status=response.status_code,
            headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            content_sealed=sealed,
            is_kept=content is not None,
        )


def place(row: IdempotentReply) -> vault.Place:
    """What the seal of an answer is bound to."""
    return vault.Place(row.tenant_id, row.pk, "content")


def tidy(now: datetime, using: str) -> None:
    """Let go of answers that are kept no longer, in every workspace."""
    portions.delete(IdempotentReply.objects.using(using).filter(created_at__lt=oldest(now)))


def _digest(request: HttpRequest, scope: Scope, key: str) -> bytes:
    """Account, address and key; the provider's own paths are the same at the root. `/compat` answers otherwise."""
    named = request.GET.get("integrated_account_id") or request.headers.get("X-Integrated-Account-Id")
    path = _PREFIX.sub("", request.path_info)
    path = f"/custom{path}" if path.startswith("/v3/") else path
    parts = (str(named or scope.account_id or "").lower(), path, key)
    return hashlib.sha256("\n".join(parts).encode()).digest()


def _body_digest(request: HttpRequest) -> bytes:
    """Everything else of the call. A form's boundary, made anew for each sending, is left out."""
    found = hashlib.sha256(f"{request.method}\n{request.META.get('QUERY_STRING', '')}\n".encode())
    boundary = request.content_params.get("boundary", "") if request.content_params else ""
    try:
        body = _body(request)
    except RawPostDataException:  # a form that was read already
        for name, values in sorted(request.POST.lists()):
            found.update(repr((name, values)).encode())
        for name in sorted(request.FILES):
            for file in request.FILES.getlist(name):
                found.update(repr((name, file.name, file.size)).encode())
                for chunk in file.chunks():
                    found.update(chunk)
                file.seek(0)
        return found.digest()
    found.update(body.replace(boundary.encode(), b"--") if boundary else body)
    return found.digest()


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() else 0


def _body(request: HttpRequest) -> bytes:
    """The body, which stays readable for the endpoint."""
    length = _length(request)
    if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not hasattr(request, "_body"):
        # As `request.body` does it, but for its limit, which is meant for forms.
        content = request.read(length)
        request._body, request._stream = content, io.BytesIO(content)
        return content
    return request.body
