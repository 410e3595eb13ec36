"""The simulator's own request and response, so that no HTTP library decides what it can do.

Header names of a request are lower case. A response may carry a `Mishap`: what the transport must do wrong.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

# JSON from outside has any shape until `checks` has looked at it.
Json = dict[str, Any]


@dataclass(slots=True)
class Request:
    """What a caller sent: the path without its query, header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()


@dataclass(slots=True, frozen=True)
class Mishap:
    """What the transport does wrong with an answer, on request of a test."""

    delay_seconds: float = 0.0
    drop_response: bool = False
    cut_body: int | None = None
    # After so many bytes of the body nothing more comes, and the connection stays open.
    stall: int | None = None


@dataclass(slots=True)
class Response:
    """What goes back. `mishap` is obeyed by the server and by the WSGI door."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    mishap: Mishap | None = None


def json_response(status: int, value: object, headers: list[tuple[str, str]] | None = None) -> Response:
    """A JSON answer in the compact form that the provider uses."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Response(status, body, [("Content-Type", "application/json"), *(headers or [])])
