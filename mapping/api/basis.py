"""The basis on which an account writes to new people, as programs read and record it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import StringConstraints

from connections import scoping
from connections.api.contract import Envelope, needs, scope_of
from connections.models import Connection
from connections.programs import ratelimits
from mapping import basis
from mapping.models import ConsentBasis

router = Router()
PATH = "/integrated-account/{uuid:account_id}/consent-basis"
Kind = Literal["customers", "members", "donors", "other"]


class GivenBasis(Schema):
    """Who these people are, and why they may be e-mailed, in words."""

    kind: Kind
    statement: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Basis(GivenBasis):
    """The same with who recorded it, and when."""

    given_by: str
    given_at: datetime


class BasisEnvelope(Envelope):
    """What is recorded; null where nothing is."""

    result: Basis | None


def _shown(row: ConsentBasis | None) -> dict[str, Any]:
    names = ("kind", "statement", "given_by", "given_at")
    return {"result": {name: getattr(row, name) for name in names} if row else None}


@router.get(PATH, response=BasisEnvelope, summary="Get an account's basis for new people")
@needs("accounts:read")
def get_basis(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """On what basis new people get implicit permission in this account."""
    with scope_of(request).transaction():
        account = scoping.one(Connection.objects.select_related("provider_app"), pk=account_id)
        found = _shown(basis.of(account))
    ratelimits.about(request, account)
    return found


@router.put(PATH, response=BasisEnvelope, summary="Record an account's basis for new people")
@needs("consent:write")
def record_basis(request: HttpRequest, account_id: UUID, body: GivenBasis) -> dict[str, Any]:
    """Recorded with the token's name and the time; entries of the ledger keep the one of their time."""
    scope = scope_of(request)
    with scope.transaction():
        account = scoping.one(Connection.objects.select_related("provider_app"), pk=account_id)
        found = _shown(basis.record(scope, account, body.kind, body.statement, request))
    ratelimits.about(request, account)
    return found
