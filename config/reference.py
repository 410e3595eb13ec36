"""The API described: the OpenAPI document, and the operations as the reference page shows them.

Both come from the endpoints themselves, once a process, so that none can fall behind.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_safe

from config.api import api

METHODS: Final = ("get", "post", "put", "patch", "delete")
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Error",
    "description": "The one shape of every error.",
    "required": ["statusCode", "error", "message", "details"],
    "properties": {
        "statusCode": {"type": "integer"},
        "error": {"type": "string"},
        "message": {"type": "string"},
        "details": {
            "type": "object",
            "properties": {
                "reason": {"type": "string", "description": "The code, with an entry in the errors guide."},
                "docs": {"type": "string"},
                "failures": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "message"],
                        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                    },
                },
                "retry_after_seconds": {"type": "integer"},
                "may_have_happened": {"type": "boolean"},
                "missing_scopes": {"type": "array", "items": {"type": "string"}},
            },
        },
        "truto_is_remote_error": {"type": "boolean"},
        "raw_response": {
            "type": ["object", "array", "string", "number", "boolean", "null"],
            "description": "Constant Contact's own answer, where the refusal is its own.",
            "items": {"type": ["object", "array", "string", "number", "boolean", "null"]},
        },
        "truto_error_insight": {
            "type": "object",
            "description": "What a unified call was missing; each hint has a description and a value.",
        },
    },
}
# What is answered as it comes from Constant Contact, whatever that is.
AS_IT_COMES: Final = frozenset({"/api/custom/v3/{rest}"})


@dataclass(frozen=True)
class Operation:
    """One call as the reference shows it; `needed` are the scopes of a token that may make it."""

    method: str
    path: str
    summary: str
    words: str
    needed: tuple[str, ...]
    parameters: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page, by words of its address."""
        words = re.findall(r"\w+", self.path.removeprefix("/api/").replace("_", " "))
        return "-".join((self.method, *words)).lower()


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document: what the endpoints declare, the errors, and the scopes that each needs."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))
    found["servers"] = [{"url": settings.PUBLIC_URL}]
    parts = found["components"]
    parts["schemas"]["Error"] = _ERROR
    parts["securitySchemes"] = {
        "ApiToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of the Developers page: pb_...",
        }
    }
    error = {
        "description": "Refused; details.reason says why.",
        "content": _json("#/components/schemas/Error"),
    }
    needed = dict(_needed())
    for path, method, operation in _operations(found):
        operation["responses"] |= {"4XX": error, "5XX": {**error, "description": "It failed; try again."}}
        operation["security"] = [{"ApiToken": []}]
        operation["x-scopes"] = list(needed[path, method])
        if path in AS_IT_COMES:
            as_it_comes = {"description": "As it comes from Constant Contact."}
            operation["responses"] = dict.fromkeys(("2XX", "4XX", "5XX"), as_it_comes)
    return found


def _json(reference: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": reference}}}


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in found["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _needed() -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """The scopes of each address and method, as `contract.needs` noted them."""
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            address = "/api/" + "/".join(
                "{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("{") else part
                for part in path.strip("/").split("/")
            )
            for operation in view.operations:
                for method in operation.methods:
                    yield (address, method.lower()), getattr(operation.view_func, "needed_scopes", ())


@lru_cache(maxsize=1)
def _encoded() -> tuple[bytes, str]:
    text = json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:24]}"'


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The document; who has this one already is told so."""
    text, tag = _encoded()
    answer: HttpResponse
    if request.headers.get("If-None-Match") == tag:
        answer = HttpResponseNotModified()
    else:
        answer = HttpResponse(text, content_type="application/json")
    answer["ETag"] = tag
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@lru_cache(maxsize=1)
def groups() -> dict[str, list[Operation]]:
    """Every operation, by the word that its endpoint stands under."""
    found = document()
    made: dict[str, list[Operation]] = {}
    for path, method, operation in _operations(found):
        made.setdefault(operation.get("tags", ["Other"])[0], []).append(
            Operation(
                method.upper(),
                path,
                operation.get("summary", ""),
                operation.get("description", "").strip(),
                tuple(operation["x-scopes"]),
                tuple(one["name"] for one in operation.get("parameters", []) if one["in"] == "query"),
                tuple(_fields(found, operation)),
            )
        )
    return made


def _fields(found: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    """The names of a body's fields; one that must be there with an asterisk."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = found["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for name in schema.get("properties", {}):
            yield f"{name}*" if name in schema.get("required", ()) else name
        return
