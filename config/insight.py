"""What a refused unified call was missing, in the contract's words: hints beside an error, never its cause. Pure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

UNIFIED: Final = ("/api/unified/", "/compat/unified/")
PROXY: Final = ("/api/proxy/", "/compat/proxy/")
_ABSENT: Final = "Field required"


def of(path: str, status: int, details: Mapping[str, Any], remote: object) -> dict[str, Any]:
    """The hints for an error at this address, each with `description` and `value`; none elsewhere.

    Calls of the provider's by name have one alone: which rights are missing.

    Args:
        details: of the error as it is answered.
        remote: what the provider said, None where the refusal is ours.
    """
    if not path.startswith(UNIFIED):
        forbidden = status == HTTPStatus.FORBIDDEN and path.startswith(PROXY)
        return {"truto_error_insight": {"forbidden_error": _forbidden(details)}} if forbidden else {}
    found: dict[str, Any] = {}
    reason, failures = details.get("reason"), details.get("failures", ())
    names = [str(one["field"]) for one in failures]
    absent = [name for name, one in zip(names, failures, strict=True) if one["message"] == _ABSENT]
    if reason == "account_missing":
        found["missing_required_query_parameters"] = _hint("The query must name these.", names)
    elif reason == "consent_evidence_missing":
        found["conditionally_required_body_fields"] = _hint("An opt-in needs these.", names)
    elif absent:
        found["missing_required_body_fields"] = _hint("The body must have these.", absent)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        value = {"retry_after_seconds": details.get("retry_after_seconds")}
        found["rate_limit_error"] = _hint("Too many calls; go on after this time.", value)
    elif status == HTTPStatus.FORBIDDEN:
        found["forbidden_error"] = _forbidden(details)
    if remote is not None:
        found["remote_error"] = _hint("Constant Contact refused the call.", remote)
    return {"truto_error_insight": found} if found else {}


def _forbidden(details: Mapping[str, Any]) -> dict[str, Any]:
    value = {"missing_scopes": list(details.get("missing_scopes", ()))}
    return _hint("The call is not allowed with these rights.", value)


def _hint(description: str, value: object) -> dict[str, Any]:
    return {"description": description, "value": value}
