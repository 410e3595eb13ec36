"""`/compat`: the API of `/api` in the shapes that clients of the contract know, so that one moves here by its base URL.

The same endpoints answer; what they say is put into the other shape by method and address alone:

    list under unified, proxy, custom    result, next_cursor, prev_cursor, result_count, is_partial_response
    anything else under custom           result, next_cursor, prev_cursor
    any other list                       result, next_cursor, limit
    one object, a deletion               the object itself
    a method of a unified resource       {"result": ...}

Errors, streams, files and the 1-to-1 route have one shape everywhere.
"""

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

from config.api import nowhere
from connections.programs import idempotency

API: Final = "/api/"
_CALLS: Final = frozenset({"unified", "proxy", "custom"})
_ADMIN_LIMIT: Final = 100


def passed_on(request: HttpRequest, rest: str) -> HttpResponseBase:
    """The answer of the same address below /api, in the contract's shape."""
    try:
        found = resolve(f"{API}{rest}")
    except Resolver404:
        return nowhere(request)
    answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    if idempotency.REPLAYED in answer.headers:
        return answer  # it was kept in this shape
    if not isinstance(answer, HttpResponse) or rest.startswith("custom/v3/") or answer.status_code >= 300:
        return answer
    if answer.headers.get("Content-Type", "").partition(";")[0] == "application/json":
        said = reshaped(str(request.method), rest.strip("/").split("/"), json.loads(answer.content))
        answer.content = json.dumps(said).encode()  # in ASCII: a text may hold half a character
    return answer


passed_on.csrf_exempt = True  # type: ignore[attr-defined]  # as every address of the API: programs come with a token


def reshaped(method: str, parts: list[str], body: Any) -> Any:
    """A success of ours as the contract has it.

    Args:
        parts: the address below /api, by its slashes.
    """
    if not isinstance(body, dict) or "result" not in body:
        return body
    result, kind = body["result"], parts[0]
    told = body.get("meta", {})
    is_listed = isinstance(result, list) or (kind == "unified" and len(parts) == 3 and method == "GET")
    if told.get("format") == "raw":
        result = _raw(result, is_listed=is_listed)
    elif told.get("format") == "debug":
        return {"result": result, "debug": told["debug"]}
    if is_listed:
        if kind not in _CALLS:
            return {
                "result": result,
                "next_cursor": body.get("next_cursor"),
                "limit": told.get("limit", _ADMIN_LIMIT),
            }
        ignored = told.get("ignored_filters")
        listed = {**{name: value for name, value in body.items() if name != "meta"}, "result": result}
        return {**listed, "ignored_filters": ignored} if ignored else listed
    if kind == "custom":
        return {name: body.get(name) for name in ("result", "next_cursor", "prev_cursor")}
    if kind == "unified" and len(parts) == 4 and method == "POST":
        return {"result": result}
    return result


def _raw(result: Any, *, is_listed: bool) -> Any:
    """The provider's documents alone, as a list, by a key, or one."""
    if isinstance(result, list):
        return [one["remote_data"] for one in result]
    if is_listed:
        return {key: one["remote_data"] for key, one in result.items()}
    if "contact" in result:  # how an upsert ended, with the person in it
        return {**result, "contact": result["contact"]["remote_data"]}
    return result["remote_data"]
