"""The vendor's Swagger as the tests need it: operations, schemas, and what is wrong with an answer.

Everything is read at run time from the file that CONSTANT_CONTACT_SWAGGER names; nothing of it stands here.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.contract.yaml_reader import read

VARIABLE = "CONSTANT_CONTACT_SWAGGER"
_METHODS = ("get", "post", "put", "patch", "delete")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One documented call."""

    name: str
    method: str
    path: str
    parameters: list[Schema]
    body: Schema | None
    answers: dict[int, Schema | None] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()


def absent() -> str | None:
    """Why there is nothing to check against, or None."""
    path = os.environ.get(VARIABLE)
    if not path:
        return (
            f"{VARIABLE} names no Swagger file: the vendor's own description is not part of this repository"
        )
    return None if Path(path).is_file() else f"{VARIABLE} names {path}, which is not a file"


class Swagger:
    """The whole description."""

    def __init__(self, path: Path) -> None:
        self.document = read(path)
        self.definitions: dict[str, Schema] = self.document["definitions"]
        self.operations = {operation.name: operation for operation in self._operations()}

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in _METHODS:
                found = item.get(method)
                if found is None:
                    continue
                parameters = found.get("parameters") or []
                bodies = [one["schema"] for one in parameters if one["in"] == "body"]
                yield Operation(
                    found["operationId"],
                    method.upper(),
                    path,
                    [one for one in parameters if one["in"] != "body"],
                    bodies[0] if bodies else None,
                    {
                        int(code): answer.get("schema")
                        for code, answer in found["responses"].items()
                        if code.startswith("2")
                    },
                    tuple(
                        {
                            scope
                            for way in found.get("security", [])
                            for scopes in way.values()
                            for scope in scopes
                        }
                    ),
                    tuple(found.get("x-authorization-privileges", [])),
                )

    def open(self, schema: Schema) -> Schema:
        """The schema itself, where only its name is given."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    # --- answers ----------------------------------------------------------------------------------------

    def faults(self, schema: Schema, value: Any, at: str = "") -> Iterator[str]:
        """Where an answer does not fit its schema."""
        schema = self.open(schema)
        kind = schema.get("type")
        right = {
            "object": lambda: isinstance(value, dict),
            "array": lambda: isinstance(value, list),
            "string": lambda: isinstance(value, str),
            "integer": lambda: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda: isinstance(value, int | float) and not isinstance(value, bool),
            "boolean": lambda: isinstance(value, bool),
        }
        if kind in right and not right[kind]():
            yield f"{at or 'the body'} is {value!r}, not {kind}"
        elif isinstance(value, dict):
            known = schema.get("properties", {})
            yield from (f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value)
            for name, item in value.items():
                if name in known:
                    yield from self.faults(known[name], item, f"{at}.{name}")
                elif known and not schema.get("additionalProperties"):
                    yield f"{at}.{name} is not declared"
        elif isinstance(value, list):
            if len(value) > (schema.get("maxItems") or len(value)):
                yield f"{at} has {len(value)} items"
            for item in value:
                yield from self.faults(schema.get("items", {}), item, f"{at}[]")
        else:
            yield from _plain_faults(schema, value, at)

    def declared(self, schema: Schema, at: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
        """Every property of a schema by its path; one that lies within itself is followed once."""
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        if name and name in above:
            return
        schema, above = self.open(schema), (*above, name) if name else above
        for key, child in schema.get("properties", {}).items():
            yield f"{at}.{key}"
            yield from self.declared(child, f"{at}.{key}", above)
        if "items" in schema:
            yield from self.declared(schema["items"], f"{at}[]", above)

    # --- requests ---------------------------------------------------------------------------------------

    def limits(
        self, schema: Schema, at: tuple[str | int, ...] = (), above: tuple[str, ...] = ()
    ) -> "Iterator[Limit]":
        """Every documented limit of a request body, with the place of the value that it binds."""
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        if name and name in above:
            return
        schema, above = self.open(schema), (*above, name) if name else above
        for kind in ("maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum", "enum"):
            # A length of 0 or more binds nothing.
            if kind in schema and not (kind.startswith("minL") and not schema[kind]):
                yield Limit(at, kind, schema[kind])
        for key in schema.get("required", []):
            if not self.open(schema["properties"][key]).get("readOnly"):
                yield Limit((*at, key), "required", True)
        for key, child in schema.get("properties", {}).items():
            if not self.open(child).get("readOnly") and not child.get("readOnly"):
                yield from self.limits(child, (*at, key), above)
        if "items" in schema:
            yield from self.limits(schema["items"], (*at, 0), above)


def _plain_faults(schema: Schema, value: Any, at: str) -> Iterator[str]:
    forms = {"date-time": _TIME, "date": _DATE, "uuid": _UUID}
    form = forms.get(schema.get("format", ""))
    if form is not None and isinstance(value, str) and not form.fullmatch(value):
        yield f"{at} is {value!r}, not a {schema['format']}"
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get(
        "maxLength", 10**9
    ):
        yield f"{at} has {len(value)} characters"
    if schema.get("enum") and value not in schema["enum"]:
        yield f"{at} is {value!r}, not one of {schema['enum']}"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{at} is {value}"


def present(value: Any, at: str = "") -> Iterator[str]:
    """Every property of an answer by its path."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield f"{at}.{key}"
            yield from present(child, f"{at}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from present(item, f"{at}[]")


@dataclass(frozen=True)
class Limit:
    """One documented limit: the place in the body, or the parameter, and what binds it."""

    at: tuple[str | int, ...]
    kind: str
    value: Any

    def __str__(self) -> str:
        place = ".".join("[]" if isinstance(part, int) else part for part in self.at)
        return f"{place} {self.kind}".strip()


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Shows figures to whoever runs the tests, from a process of pytest-xdist too: its standard error comes through."""
    with capsys.disabled():
        print(f"\n{text}", file=sys.stderr)


@cache
def swagger() -> Swagger:
    """The description that the environment names."""
    return Swagger(Path(os.environ[VARIABLE]))
