"""Every address of Patchbay with its kind: who may come, and what somebody else gets.

public      anybody; shows nothing of a workspace
signed-in   a person; shows only what is their own
workspace   a member of the workspace in the address; everybody else gets 404
api         a program with a token of the environment; 401 without one, 404 for another's rows
operator    an operator of the deployment; everybody else is led to sign-in or refused

An address that is not in this table fails the tests until it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

PLACE = "w/<uuid:workspace_id>/<slug:environment>/"
ACCOUNT = f"{PLACE}accounts/<uuid:connection_id>/"
JOB = f"{PLACE}jobs/<uuid:job_id>/"
KINDS = {
    "": "signed-in",
    "help/": "public",
    "oauth/callback/<uuid:app_id>/": "public",
    "connect/ended/<slug:outcome>/": "public",
    "healthz": "public",
    "readyz": "public",
    f"{PLACE}accounts/": "workspace",
    f"{PLACE}accounts/connect/": "workspace",
    f"{PLACE}accounts/connect/<slug:outcome>/": "workspace",
    ACCOUNT: "workspace",
    f"{ACCOUNT}mapping/": "workspace",
    f"{ACCOUNT}mapping/fields/": "workspace",
    f"{ACCOUNT}mapping/refresh/": "workspace",
    f"{ACCOUNT}import/": "workspace",
    f"{ACCOUNT}import/<uuid:upload_id>/columns/": "workspace",
    f"{ACCOUNT}import/<uuid:upload_id>/start/": "workspace",
    f"{PLACE}application/": "workspace",
    f"{PLACE}jobs/": "workspace",
    JOB: "workspace",
    f"{JOB}stop/": "workspace",
    f"{JOB}retry/": "workspace",
    f"{JOB}rows/": "workspace",
    f"{JOB}rows.csv": "workspace",
    "api/": "api root",
    "api/openapi.json": "public",
    "api/ping": "api",
    "api/integrated-account": "api",
    "api/integrated-account/<uuidstr:account_id>": "api",
    "api/jobs": "api",
    "api/jobs/<uuidstr:job_id>": "api",
    "accounts/login/": "public",
    "accounts/logout/": "public",
    "accounts/inactive/": "public",
    "accounts/signup/": "public",
    "accounts/confirm-email/": "public",
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": "public",
    "accounts/login/code/confirm/": "public",
    "accounts/password/reset/": "public",
    "accounts/password/reset/done/": "public",
    "accounts/password/reset/key/done/": "public",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "public",
    "accounts/reauthenticate/": "signed-in",
    "accounts/email/": "signed-in",
    "accounts/password/change/": "signed-in",
    "accounts/password/set/": "signed-in",
}
OPERATORS = "admin/"
VALUES = {
    "environment": "test",
    "outcome": "user_declined",
    "key": "NQ:abc",
    "uidb36": "1",
    "content_type_id": "1",
    "app_label": "connections",
    "url": "nowhere",
}


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver."""

    pattern: str
    kind: str

    @property
    def parameters(self) -> list[str]:
        """Names in the address, as its converters or its groups have them."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    @property
    def names_an_object(self) -> bool:
        """Whether there is an id in the address besides the workspace's."""
        return bool({one for one in self.parameters if one.endswith("_id")} - {"workspace_id"})

    def address(self, ids: dict[str, Any]) -> str:
        """The address with these ids."""
        found = re.sub(r"[$^]", "", self.pattern)
        found = re.sub(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)", r"\1", found)
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str({**VALUES, **ids}[match.group(1)]), found)


def patterns(resolver: URLResolver | None = None, base: str = "") -> Iterator[str]:
    """Every pattern that the resolver knows, in full."""
    for one in (resolver or get_resolver()).url_patterns:
        full = base + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, full)
        elif isinstance(one, URLPattern):
            yield full


def routes(*kinds: str) -> list[Route]:
    """The classified routes of these kinds."""
    known = {**KINDS, **{one: "operator" for one in patterns() if one.startswith(OPERATORS)}}
    return [Route(pattern, kind) for pattern, kind in known.items() if kind in kinds]
