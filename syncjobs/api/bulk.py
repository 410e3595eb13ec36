"""Many contacts in one call: taken in as rows of a job, which goes its way like an import."""

from http import HTTPStatus
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema, Status

from connections import audit
from connections.api.contract import Fault, account_of, needs, refused, scope_of
from syncjobs.api.jobs import JobEnvelope, answered
from syncjobs.bulk import bodies, intake
from syncjobs.bulk.bodies import Misread
from syncjobs.models import SyncJob

router = Router()
KINDS: Final = (bodies.JSON, bodies.NDJSON, bodies.CSV)
IN_QUERY: Final = ("mode", "create_missing", "all_or_nothing", "dry_run")


class Reference(Schema):
    """A list or tag by its id or its name."""

    id: UUID | None = None
    name: str | None = None


class Membership(Schema):
    """Lists or tags to be put on and taken off; or with `set`, all that there are to be."""

    add: list[str | Reference] | None = None
    remove: list[str | Reference] | None = None
    set: list[str | Reference] | None = None


class BulkPhone(Schema):
    """A telephone number."""

    phone: str
    type: Literal["home", "work", "mobile", "other"] | None = None


class BulkAddress(Schema):
    """A street address."""

    street_1: str | None = None
    street_2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    type: Literal["home", "work", "other"] | None = None


class BulkContact(Schema):
    """A row: a contact in the unified shape, named by its address. What is blank or left out changes nothing."""

    email: str
    action: Literal["upsert", "delete", "unsubscribe"] = "upsert"
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    birthday_month: int | None = None
    birthday_day: int | None = None
    anniversary: str | None = None
    phones: list[BulkPhone] | None = None
    addresses: list[BulkAddress] | None = None
    custom_fields: dict[str, str | int | float | bool | list[str] | None] | None = None
    lists: list[str | Reference] | Membership | None = None
    tags: list[str | Reference] | Membership | None = None


class Bulk(Schema):
    """Rows, and how they are to be taken."""

    contacts: list[BulkContact]
    mode: Literal["upsert", "fill_blanks", "skip"] = "upsert"
    create_missing: bool = False
    all_or_nothing: bool = False
    dry_run: bool = False


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:  # Any: JSON Schema
    """A schema without references, since the parts of this one stand nowhere else in the document."""
    if isinstance(schema, list):
        return [_inlined(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if (name := str(schema.get("$ref", "")).rpartition("/")[2]) in parts:
        return _inlined(parts[name], parts)
    return {name: _inlined(one, parts) for name, one in schema.items() if name != "$defs"}


_SCHEMA: Final = Bulk.model_json_schema()
BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {"schema": _inlined(_SCHEMA, _SCHEMA["$defs"])},
            bodies.NDJSON: {"schema": {"type": "string"}},
            bodies.CSV: {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "/unified/marketing-automation/contacts/bulk",
    response={HTTPStatus.ACCEPTED: JobEnvelope},
    summary="Write many contacts",
    openapi_extra=BODY,
)
@needs("contacts:write")
def write_contacts(
    request: HttpRequest,
    integrated_account_id: UUID | None = None,
    mode: str | None = None,
    create_missing: str | None = None,
    all_or_nothing: str | None = None,
    dry_run: str | None = None,
) -> Status[dict[str, Any]]:
    """A job that writes, deletes or unsubscribes up to BULK_ROWS contacts in as few provider calls as can be.

    The body is JSON, or one contact a line (`application/x-ndjson`), or a file (`text/csv`); with these two the query
    says how. A row that cannot be meant is rejected with its field and reason, and the others go on, unless
    `all_or_nothing`. An `Idempotency-Key` makes the same call once.
    """
    account = account_of(request, integrated_account_id)
    kind = request.content_type or ""
    if kind not in KINDS:
        raise refused(("Content-Type", f"one of {', '.join(KINDS)}"))
    body = _body(request)
    asked = (mode, create_missing, all_or_nothing, dry_run)
    given = {name: value for name, value in zip(IN_QUERY, asked, strict=True) if value is not None}
    scope = scope_of(request)
    try:
        with scope.transaction():
            key = request.headers.get("Idempotency-Key", "")
            job = intake.start(account, kind, body, given, key=key, by=scope.actor)
            _record(request, job)
            return Status(HTTPStatus.ACCEPTED, answered(SyncJob.objects.get(pk=job.pk), scope))
    except Misread as problem:
        raise refused(*problem.failures, message="The rows cannot be taken; nothing was kept.") from None
    except intake.KeyReused:
        raise Fault(
            "idempotency_key_reused",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key came with other rows or options before. Send another call with a new key.",
        ) from None


def _body(request: HttpRequest) -> bytes:
    """The body, up to the limit; never read twice, and never more of it than that."""
    most: int = settings.ENV.BULK_MAX_BYTES
    body = request.read(most + 1)
    if len(body) > most:
        raise Fault(
            "body_too_large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"A bulk write takes {most:,} bytes at most. Send the rows in several calls.",
        )
    return body


def _record(request: HttpRequest, job: SyncJob) -> None:
    scope = scope_of(request)
    audit.record(
        "import_started",
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=f"{job.options['file_name']} for {job.connection}",
        new={"job": job.pk},
    )
