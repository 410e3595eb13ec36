"""The simulator as a WSGI application, for tests in one process.

`httpx.Client(transport=httpx.WSGITransport(app=application(Simulator())), base_url="http://simulator")`
"""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from .app import Simulator
from .messages import Request

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
Environ = dict[str, Any]  # by the WSGI standard
StartResponse = Callable[..., object]


class ResponseLost(ConnectionError):
    """The answer was dropped on request, after the work was done."""


class ResponseStalled(TimeoutError):
    """The answer would stand still until the caller's patience ends, after the work was done."""


def request_from(environ: Environ) -> Request:
    """The request that a WSGI environment describes."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    body = environ["wsgi.input"].read()
    return Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body)


def application(simulator: Simulator) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """A WSGI application around one simulator."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = simulator.handle(request_from(environ))
        body, mishap = response.body, response.mishap
        length = len(body)
        if mishap is not None:
            time.sleep(mishap.delay_seconds)
            if mishap.stall is not None:
                raise ResponseStalled("the response came to a stand")
            if mishap.drop_response:
                raise ResponseLost("the response was dropped")
            body = body if mishap.cut_body is None else body[: mishap.cut_body]
        status = f"{response.status} {_PHRASES.get(response.status, 'Unknown')}"
        start_response(status, [*response.headers, ("Content-Length", str(length))])
        return [body]

    return answer
