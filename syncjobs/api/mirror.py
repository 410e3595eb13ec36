"""Our own copy of an account, read anew when a program asks for it."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from connections.api.contract import account_of, needs, scope_of
from syncjobs.api.jobs import JobEnvelope, answered
from syncjobs.mirroring import starting

router = Router()


@router.post(
    "/integrated-account/{uuid:account_id}/mirror",
    response={HTTPStatus.ACCEPTED: JobEnvelope},
    summary="Read an account into our copy",
)
@needs("jobs:write")
def refresh(request: HttpRequest, account_id: UUID) -> Status[dict[str, Any]]:
    """A job that reads every contact, by one export; what is younger than COMPARE_MINUTES is left as it is.

    Asked again before it is done, it answers with the same job. `truto_super_query` on the list of contacts then
    answers from the copy.
    """
    scope, account = scope_of(request), account_of(request, account_id)
    with scope.transaction():
        return Status(HTTPStatus.ACCEPTED, answered(starting.request(account), scope))
