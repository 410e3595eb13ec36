"""What a method of the unified API takes, gives and where that comes from: for programs that build forms and checks."""

from http import HTTPStatus
from typing import Any, Final, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from ninja import Router, Schema
from pydantic import Field

from config import described
from config.capabilities import SLUGS
from config.described import Tool
from config.middleware import OwnPage
from connections.api.contract import Envelope, needs
from mapping.unified import asking
from mapping.unified.sources import SOURCES

router = Router(tags=["Capabilities"])
LISTED: Final = {"limit": asking.USUAL, "truto_response_format": "unified", "strict": False}


class MethodMeta(Schema):
    """One method; `schema` and the two inputs are JSON Schema, `mapping` names the source of each field."""

    model: str
    resource: str
    method: str
    answer_schema: dict[str, Any] = Field(serialization_alias="schema")
    mapping: dict[str, str]
    query_schema: dict[str, Any]
    request_body_schema: dict[str, Any] | None
    defaults: dict[str, str | int | bool]


class MethodMetaEnvelope(Envelope):
    """One method."""

    result: MethodMeta


class ModelMetaEnvelope(Envelope):
    """Every method of a model."""

    result: list[MethodMeta]


@router.get(
    "/unified/{model}/{unified_resource}/meta/{method}",
    response=MethodMetaEnvelope,
    by_alias=True,
    summary="What a unified method takes and gives",
)
@needs("accounts:read")
def of_method(request: HttpRequest, model: str, unified_resource: str, method: str) -> dict[str, Any]:
    """The schemas of one method, and where each field of its answer comes from at Constant Contact."""
    found = [one for one in _tools(model) if (one.resource, one.method) == (unified_resource, method)]
    if not found:
        raise Http404
    return {"result": _shown(found[0])}


@router.get(
    "/unified/meta/{model}/{integration}",
    response={HTTPStatus.OK: ModelMetaEnvelope},
    by_alias=True,
    summary="What a unified model can do",
    openapi_extra={
        "responses": {
            200: {
                "content": {kind: {"schema": {"type": "string"}} for kind in ("text/markdown", "text/html")}
            }
        }
    },
)
@needs("accounts:read")
def of_model(
    request: HttpRequest, model: str, integration: str, format: Literal["json", "md", "html"] = "json"
) -> dict[str, Any] | HttpResponse:
    """Every method of a model, as JSON, as a page of Markdown or as one of HTML."""
    tools = _tools(model)
    if not tools or integration not in SLUGS:
        raise Http404
    if format == "json":
        return {"result": [_shown(one) for one in tools], "result_count": len(tools)}
    if format == "html":
        # Rendered without the request: no session and no cookie come with an answer of the API.
        return OwnPage(render_to_string("unified_meta.html", _page(model, tools)))
    return HttpResponse("\n".join(_words(model, tools)), content_type="text/markdown; charset=utf-8")


def _tools(model: str) -> list[Tool]:
    from config import reference  # it describes the API that this module is a part of

    return [one for one in described.unified(reference.document()) if one.model == model]


def _shown(tool: Tool) -> dict[str, Any]:
    sources = SOURCES.get((tool.model, tool.resource), {})
    return {
        "model": tool.model,
        "resource": tool.resource,
        "method": tool.method,
        "answer_schema": {
            "type": "object",
            "properties": {name: {"description": source} for name, source in sources.items()},
        },
        "mapping": dict(sources),
        "query_schema": _schema(tool.query, [one for one in tool.required if one == "id"]),
        "request_body_schema": _schema(tool.body, [one for one in tool.required if one != "id"])
        if tool.body
        else None,
        "defaults": LISTED if tool.method == "list" else {},
    }


def _schema(inputs: tuple[described.Input, ...], required: list[str]) -> dict[str, Any]:
    properties = {
        one.name: {"type": one.type}
        | ({"description": one.words} if one.words else {})
        | ({"enum": list(one.choices)} if one.choices else {})
        for one in inputs
    }
    return {"type": "object", "properties": properties, "required": required}


def _page(model: str, tools: list[Tool]) -> dict[str, Any]:
    """What the template shows: each method, and a row for each thing that it takes."""
    return {
        "title": f"{model} at Constant Contact",
        "columns": [{"label": label} for label in ("Name", "Type", "Where", "Means")],
        "methods": [
            {
                "title": f"{tool.method} {tool.resource}",
                "anchor": f"{tool.resource}-{tool.method}",
                "words": tool.words,
                "rows": [
                    [
                        {"value": one.name, "code": True},
                        {"value": one.type},
                        {"value": where},
                        {"value": one.words},
                    ]
                    for where, inputs in (("query", tool.query), ("body", tool.body))
                    for one in inputs
                ],
            }
            for tool in tools
        ],
    }


def _words(model: str, tools: list[Tool]) -> list[str]:
    lines = [f"# {model} at Constant Contact", ""]
    for tool in tools:
        lines += [f"## {tool.method} {tool.resource}", "", tool.words, ""]
        lines += [f"- `{one.name}` ({one.type}) {one.words}".rstrip() for one in (*tool.query, *tool.body)]
        lines.append("")
    return lines
