"""One object with all the resources of one linked account, and `raw` for the proxy.

`build_http` makes the httpx client below it: no environment, no redirects, no cookies, explicit timeouts. The
layers of `transport` decide about quota, log and retries; nothing here knows of them.
"""

import ssl
from collections.abc import Iterable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from connections.constantcontact import paths, proxying, redaction, signals
from connections.constantcontact.resources.account import Account
from connections.constantcontact.resources.activities import Activities
from connections.constantcontact.resources.contacts import Contacts
from connections.constantcontact.resources.custom_fields import CustomFields
from connections.constantcontact.resources.lists import Lists
from connections.constantcontact.resources.partner import Partner
from connections.constantcontact.resources.segments import Segments
from connections.constantcontact.resources.tags import Tags

USER_AGENT: Final = "Patchbay"
TIMEOUT: Final = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=5.0)
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

# Where no call was made.
NOT_ASKED: Final[dict[str, object]] = {"requestUrl": None, "requestOptions": None, "responseHeaders": None}
Answer = httpx.Response  # for who hands one on without knowing what it was made by
Params = Mapping[str, str] | Iterable[tuple[str, str]]


def new_wire(*, max_connections: int = 20, verify: ssl.SSLContext | bool = True) -> httpx.HTTPTransport:
    """The wire: make one a process and keep it, building its TLS context takes longer than many calls."""
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return httpx.HTTPTransport(verify=verify, trust_env=False, limits=limits)


def build_http(
    base_url: str,
    transport: httpx.BaseTransport,
    auth: httpx.Auth | None = None,
    timeout: httpx.Timeout = TIMEOUT,
) -> httpx.Client:
    """An httpx client for one host; `base_url` is its origin, a closing /v3 is taken off."""
    redaction.silence_httpx()
    return httpx.Client(
        base_url=base_url.rstrip("/").removesuffix("/v3"),
        transport=transport,
        auth=auth,
        timeout=timeout,
        trust_env=False,
        follow_redirects=False,
        # The connection behind is shared between accounts; a cookie must never travel from one to another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
    )


class _LastCall:
    """Address and headers of the last call. Not the client's own, which would then keep itself and a body alive."""

    def __init__(self) -> None:
        self._seen: tuple[str, str, httpx.Headers, httpx.Headers] | None = None

    def note(self, response: httpx.Response) -> None:
        """An answer has come."""
        asked = response.request
        self._seen = (asked.method, str(asked.url), asked.headers, response.headers)

    def told(self) -> dict[str, object]:
        """As `Client.last_call` tells it."""
        if self._seen is None:
            return NOT_ASKED
        method, url, sent, came = self._seen
        return {
            "requestUrl": url,
            "requestOptions": {"method": method, "headers": dict(proxying.outgoing(dict(sent)))},
            "responseHeaders": dict(proxying.incoming(came)),
        }


class Client:
    """The provider's API for the account whose token `http` carries."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._last = _LastCall()
        http.event_hooks["response"].append(self._last.note)
        self.account = Account(http)
        self.activities = Activities(http)
        self.contacts = Contacts(http)
        self.custom_fields = CustomFields(http)
        self.lists = Lists(http)
        self.partner = Partner(http)  # of use to the connection of a partner's key alone
        self.segments = Segments(http)
        self.tags = Tags(http)

    def last_call(self) -> dict[str, object]:
        """The call that was answered last, for whoever debugs theirs: without who asked, and by which key."""
        return self._last.told()

    def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        stream: bool = False,
    ) -> httpx.Response:
        """Any call below /v3/, answered as the provider answers it, status and body unchanged.

        Args:
            query: in place of `params`, the query as a program has written it.

        Raises paths.UnsafePath (a ValueError) for an address or header that may not be sent. With `stream`
        the body is not read yet and the caller closes the response.
        """
        if method not in METHODS:
            raise paths.UnsafePath("The method must be one of " + ", ".join(sorted(METHODS)) + ".")
        request = self._http.build_request(
            method,
            paths.checked_path(path) + (f"?{paths.checked_query(query)}" if query else ""),
            params=None if params is None else httpx.QueryParams(tuple(_pairs(params))),
            headers=proxying.outgoing(headers or {}, plain=stream),
            content=content,
            extensions=dict(signals.STREAM) if stream else None,
        )
        response = self._http.send(request, stream=stream)
        response.headers = proxying.incoming(response.headers, is_unread=not response.is_stream_consumed)
        return response


def _pairs(params: Params) -> Iterable[tuple[str, str]]:
    return params.items() if isinstance(params, Mapping) else params
