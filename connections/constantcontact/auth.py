"""Bearer authentication that asks for a fresher token once when the present one gets a 401.

Knows nothing of storage: the callable it is given does the refreshing, under whatever lock it needs.
"""

from collections.abc import Callable, Generator

import httpx

from connections.constantcontact.redaction import Secret

# None asks for the current token; a token's text says: that one got a 401, give a fresher one.
TokenSource = Callable[[str | None], Secret]


class BearerAuth(httpx.Auth):
    """Signs each request; after a 401 signs and sends it once more, if there is a different token."""

    requires_request_body = True  # so that the second sending has the same body

    def __init__(self, token: TokenSource) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        used = self._token(None)
        response = yield _signed(request, used)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        fresher = self._token(used.reveal())
        # The same token would get the same answer, and cost a call.
        if fresher != used:
            yield _signed(request, fresher)


def _signed(request: httpx.Request, token: Secret) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.reveal()}"
    return request
