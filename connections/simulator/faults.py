"""Faults on request: the next calls that match a pattern go wrong in a chosen way.

    POST /_sim/faults {"match": "^/v3/contacts$", "method": "GET", "times": 2, "status": 503}

One of: `status` (with optional `body`, without doing the work), `html` (200 with a page, likewise),
`delay_seconds`, `drop_response`, `stall`, `cut_body` and `garbage` (after the work is done), and `activity` (the
bulk job that the call opens ends as failed, cancelled or timed_out). `skip` lets so many calls pass first.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .messages import Json, Mishap, Request, Response

OUTCOMES = ("failed", "cancelled", "timed_out")
_KINDS = ("status", "delay_seconds", "drop_response", "stall", "cut_body", "garbage", "html", "activity")
_PAGE = (
    b"<!doctype html><html><head><title>Service notice</title></head><body><h1>One moment</h1></body></html>"
)


@dataclass(slots=True)
class Fault:
    """One fault and how often it still strikes; `times` None is for ever."""

    match: re.Pattern[str]
    method: str | None
    times: int | None
    skip: int
    wish: Json

    def strikes(self, request: Request) -> bool:
        if self.method is not None and self.method != request.method:
            return False
        if not self.match.search(request.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        return True


class Faults:
    """The faults that wait to strike."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def take(self, request: Request) -> Json:
        """What is to go wrong with this request; nothing, as a rule."""
        if not self._waiting:
            return {}
        for fault in self._waiting:
            if fault.strikes(request):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault.wish
        return {}

    def add(self, wish: Json) -> list[str]:
        """Adds a fault; the answer lists what is wrong with the wish."""
        problems = _problems(wish)
        if not problems:
            self._waiting.append(
                Fault(
                    re.compile(wish.get("match", "")),
                    wish.get("method"),
                    wish.get("times", 1),
                    wish.get("skip", 0),
                    {key: wish[key] for key in (*_KINDS, "body") if key in wish},
                )
            )
        return problems

    def clear(self) -> None:
        self._waiting.clear()

    def listing(self) -> list[Json]:
        return [
            {"match": fault.match.pattern, "method": fault.method, "times": fault.times, **fault.wish}
            for fault in self._waiting
        ]


def _problems(wish: object) -> list[str]:
    if not isinstance(wish, dict):
        return ["a fault is an object"]
    problems = [] if any(kind in wish for kind in _KINDS) else [f"one of {', '.join(_KINDS)} is needed"]
    try:
        re.compile(wish.get("match", ""))
    except (re.error, TypeError):
        problems.append("match is a regular expression for the path")
    checks: tuple[tuple[str, Callable[[Any], bool]], ...] = (  # Any: JSON from outside
        ("status", lambda value: _whole(value, 200, 599)),
        ("times", lambda value: value is None or _whole(value, 1, 10**9)),
        ("skip", lambda value: _whole(value, 0, 10**9)),
        ("cut_body", lambda value: _whole(value, 0, 10**9)),
        ("stall", lambda value: _whole(value, 0, 10**9)),
        ("delay_seconds", lambda value: isinstance(value, int | float) and 0 <= value <= 3600),
        ("method", lambda value: value is None or isinstance(value, str)),
        ("activity", lambda value: value in OUTCOMES),
    )
    problems += [
        f"{name} has a wrong value" for name, right in checks if name in wish and not right(wish[name])
    ]
    return problems


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def instead_of_work(wish: Json) -> Response | None:
    """The answer that takes the place of the work, when the fault is of that kind."""
    if "status" in wish:
        body = wish.get("body", {"message": "Internal server error"})
        if isinstance(body, str):
            return Response(wish["status"], body.encode(), [("Content-Type", "text/plain")])
        return Response(wish["status"], json.dumps(body).encode(), [("Content-Type", "application/json")])
    if wish.get("html"):
        return Response(200, _PAGE, [("Content-Type", "text/html;charset=UTF-8")])
    return None


def spoil(wish: Json, response: Response) -> Response:
    """The answer after the work, as the fault leaves it."""
    if wish.get("garbage"):
        response = Response(
            response.status, b'{"\xff\xfe not json \x00', [("Content-Type", "application/json")]
        )
    if any(key in wish for key in ("delay_seconds", "drop_response", "stall", "cut_body")):
        mishap = Mishap(
            float(wish.get("delay_seconds", 0)),
            bool(wish.get("drop_response")),
            wish.get("cut_body"),
            wish.get("stall"),
        )
        return replace(response, mishap=mishap)
    return response
