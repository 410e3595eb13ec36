"""What was refused to somebody, in the audit: the workspace's for its members, else the deployment's.

An act that one may not do (403), a form that holds what nobody types (`strange`), a link from a message that opens
nothing any more. Promises: no value of a form is written down, only which field it was in; never an error of its own,
since it is called while a refusal is being answered; and at most one event a minute for the same person and path, so
that nobody fills an audit by knocking.
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, QueryDict, RawPostDataException, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from connections import audit, tenancy
from connections.audit import masking
from connections.models import Environment, Membership, User

MEANWHILE: Final = timedelta(minutes=1)
# No line of any form takes as much; a file's content comes as a file.
LONGEST: Final = 4_096
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# Fields of several lines, as the forms name them: who ends a line in one of these has slipped nowhere.
OF_LINES: Final = frozenset({"addresses", "basis_statement", "statement"})
LINE_ENDS: Final = str.maketrans("", "", "\r\n\t")
# A form that was not taken is shown again: by allauth with 200.
SHOWN_AGAIN: Final = frozenset({200, 400, 422})
Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)


def note(request: HttpRequest) -> None:
    """Record that this request was answered 403."""
    _record(request, "access_refused")


def note_link(request: HttpRequest, reason: str) -> None:
    """Record that a link from a message opened nothing: used, expired or unknown."""
    _record(request, "link_refused", reason)


def watch(get_response: Handler) -> Handler:
    """Middleware: note what was sent and not taken, where no slip of a hand explains it."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        context = getattr(response, "context_data", None) or {}
        if context.get("token_fail"):  # so allauth says that a link to a new password is dead
            note_link(request, "used or expired")
        elif request.method == "POST" and response.status_code in SHOWN_AGAIN:
            found = _strange_in(request)
            if found:
                _record(request, "input_refused", found)
        return response

    return handle


def _strange_in(request: HttpRequest) -> str:
    try:
        return strange(request.POST)
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError, RawPostDataException):
        return ""  # what cannot be read has its own answer


def strange(form: QueryDict) -> str:
    """What of a form nobody types: signs that begin a line of a header, or far more than a line holds."""
    found = []
    for name, values in form.lists():
        lines = [str(value).translate(LINE_ENDS) if name in OF_LINES else str(value) for value in values]
        if any(CONTROL.search(line) for line in lines):
            found.append(f"{name[:50]} holds control characters")
        elif (longest := max(len(str(value)) for value in values)) > LONGEST:
            found.append(f"{name[:50]} has {longest:,} characters")
    return ", ".join(found[:3])


def _record(request: HttpRequest, action: str, reason: str = "") -> None:
    try:
        tenant_id, environment = _place(request)
        audit.record(
            action,
            request=request,
            tenant_id=tenant_id,
            environment=environment,
            about=f"{request.method} {masking.path(request.path)}",
            new={"reason": reason} if reason else None,
            once=MEANWHILE,
        )
    except DatabaseError as error:
        log.error("A refusal could not be recorded: %s", type(error).__name__)


def _place(request: HttpRequest) -> tuple[UUID | None, str]:
    """The workspace and environment of the address, if the person is one of its members."""
    match, user = request.resolver_match, getattr(request, "user", None)
    tenant_id = match.kwargs.get("workspace_id") if match is not None else None
    if not isinstance(tenant_id, UUID) or not isinstance(user, User):
        return None, ""
    with tenancy.acting_for(tenant_id):
        if not Membership.objects.filter(user=user).exists():
            return None, ""
    environment = str(match.kwargs.get("environment", "")) if match is not None else ""
    return tenant_id, environment if environment in Environment.Kind.values else ""
