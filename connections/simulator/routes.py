"""Which handler answers which call below /v3, and the scope and privilege that the call needs.

Handlers register themselves with `@route`; `find` is a dictionary look-up by method and segments.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .messages import Response

Handler = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API. `privilege` may name a switch with `switch:`."""

    method: str
    template: str
    handler: Handler
    scope: str | None
    privilege: str | None


_FIXED: dict[tuple[str, str], Route] = {}
_WITH_ID: dict[tuple[str, str], Route] = {}
ROUTES: list[Route] = []


def route(
    method: str, template: str, *, scope: str | None = "contact_data", privilege: str | None = None
) -> Callable[[Handler], Handler]:
    """Registers a handler for a path below /v3; at most one `{id}`, as the last segment."""

    def register(handler: Handler) -> Handler:
        entry = Route(method, template, handler, scope, privilege)
        head, _, last = template.rpartition("/")
        if last.startswith("{"):
            _WITH_ID[method, head] = entry
        else:
            _FIXED[method, template] = entry
        ROUTES.append(entry)
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a path below /v3 and the id in it."""
    entry = _FIXED.get((method, path))
    if entry is not None:
        return entry, ()
    head, _, last = path.rpartition("/")
    entry = _WITH_ID.get((method, head))
    return (entry, (last,)) if entry is not None and last else None
