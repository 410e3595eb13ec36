"""Which handler answers which call below /v3, and the scope and privilege that the call needs.

Handlers register themselves with `@route`; `find` walks a tree of segments, a fixed segment before an `{id}`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .messages import Response

Handler = Callable[..., Response]
# The scope of the operations that take a partner's token and the key of an application.
PARTNER = "v3api/general.partner"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API. `privilege` may name a switch with `switch:`."""

    method: str
    template: str
    handler: Handler
    scope: str | None
    privilege: str | None


@dataclass(slots=True)
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    any: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


_ROOT = _Node()
ROUTES: list[Route] = []


def route(
    method: str, template: str, *, scope: str | None = "contact_data", privilege: str | None = None
) -> Callable[[Handler], Handler]:
    """Registers a handler for a path below /v3; it gets the ids in the path in their order."""

    def register(handler: Handler) -> Handler:
        entry = Route(method, template, handler, scope, privilege)
        node = _ROOT
        for segment in template.split("/")[1:]:
            if segment.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.routes[method] = entry
        ROUTES.append(entry)
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a path below /v3 and the ids in it."""
    return _find(_ROOT, method, path.split("/")[1:], ())


def _find(
    node: _Node, method: str, rest: list[str], ids: tuple[str, ...]
) -> tuple[Route, tuple[str, ...]] | None:
    if not rest:
        entry = node.routes.get(method)
        return None if entry is None else (entry, ids)
    following = node.fixed.get(rest[0])
    if following is not None:
        found = _find(following, method, rest[1:], ids)
        if found is not None:
            return found
    if node.any is not None and rest[0]:
        return _find(node.any, method, rest[1:], (*ids, rest[0]))
    return None
