"""What can be done with a linked account, told from the endpoints themselves: resources, their methods, their inputs.

Unified methods come from the OpenAPI document, so that none can fall behind; the provider's own resources from their
table. Pure.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connections.api.resources import RESOURCES
from connections.api.resources import Method as RemoteMethod

Document = Mapping[str, Any]  # Any: JSON
PROXY: Final = "proxy"
# What reads, and what writes; `methods=read` and `methods=write` name them all.
READS: Final = frozenset({"list", "get"})
_UNIFIED: Final = re.compile(r"/api/unified/([a-z-]+)/([a-z_]+)(?:/(\{\w+\}|[a-z_]+))?")
_NAMES: Final = {"get": "list", "post": "create", "patch": "update"}
_ITEM_NAMES: Final = {"get": "get", "patch": "update", "delete": "delete"}


@dataclass(frozen=True)
class Input:
    """One value that a method takes."""

    name: str
    type: str
    words: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """One method of one resource; `model` is `proxy` for what is the provider's own."""

    model: str
    resource: str
    method: str
    words: str
    query: tuple[Input, ...] = ()
    body: tuple[Input, ...] = ()
    required: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """As an agent calls it."""
        words = f"{self.method}_{self.resource}"
        return f"{PROXY}_{words}" if self.model == PROXY else words

    def is_among(self, methods: Collection[str]) -> bool:
        """Whether it is wanted by methods that are names, or `read` and `write`; none means all."""
        kind = "read" if self.method in READS else "write"
        return not methods or self.method in methods or kind in methods


def unified(document: Document) -> Iterator[Tool]:
    """Every method of the unified API, by the document that describes it."""
    for path, item in document["paths"].items():
        found = _UNIFIED.fullmatch(path)
        if found is None:
            continue
        model, resource, last = found.groups()
        is_item = last is not None and last.startswith("{")
        for verb, operation in item.items():
            names = _ITEM_NAMES if is_item else _NAMES
            method = last if last and not is_item else names.get(verb)
            # PATCH without an id in the address is the same update as with one.
            if method is not None and not (last is None and verb == "patch"):
                yield _tool(document, (model, resource, method), operation)


def _tool(document: Document, place: tuple[str, str, str], operation: Mapping[str, Any]) -> Tool:
    query, needed = [], []
    for one in operation.get("parameters", ()):
        name = "id" if one["in"] == "path" else one["name"]
        query.append(_input(name, one["schema"], one.get("description", "")))
        if one.get("required"):
            needed.append(name)
    body, body_needed = _body(document, operation)
    model, resource, method = place
    words = str(operation.get("summary", ""))
    return Tool(model, resource, method, words, tuple(query), body, (*needed, *body_needed))


def _body(document: Document, operation: Mapping[str, Any]) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(document, content.get("schema", {}))
    fields = schema.get("properties", {}).items()
    found = tuple(_input(name, _resolved(document, one), one.get("description", "")) for name, one in fields)
    return found, tuple(schema.get("required", ()))


def _resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _input(name: str, schema: Mapping[str, Any], words: str) -> Input:
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    plain = kinds[0] if kinds else schema
    choices = tuple(str(one) for one in plain.get("enum", ()))
    return Input(name, str(plain.get("type", "object")), words, choices)


def remote() -> Iterator[Tool]:
    """Every method of the provider's own resources."""
    for resource, one in RESOURCES.items():
        for method, call in one.methods.items():
            words = f"{one.words}: {method}"
            query = tuple(Input(name, "string") for name in call.parameters)
            yield Tool(PROXY, resource, method, words, query, _whole_body(call), call.parameters)


def _whole_body(call: RemoteMethod) -> tuple[Input, ...]:
    """The provider's reference describes it; here it is passed on as it is."""
    return (Input("body", "object", "as Constant Contact's reference has it"),) if call.takes_body else ()
