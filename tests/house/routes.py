"""Every address of Patchbay with its kind: who may come, and what somebody else gets.

public      anybody; shows nothing of a workspace
signed-in   a person; shows only what is their own
workspace   a member of the workspace in the address; everybody else gets 404
api         a program with a token of the environment; 401 without one, 404 for another's rows
api sent    the same, by POST only, or by PATCH only
api unified the same, about the linked account that a header or the query names
unified sent the same, by POST only
api 1-to-1  the same
api own     the same, about what its body names: its own tests show what a stranger gets
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
WEBHOOK = f"{PLACE}developers/webhooks/<uuid:webhook_id>/"
TOKEN = f"{PLACE}developers/tokens/<uuid:key_id>/"
SETTINGS = f"{PLACE}settings/"
TEAM = f"{SETTINGS}team/"
KINDS = {
    "": "signed-in",
    "help/": "public",
    "docs/": "public",
    "docs/<slug:slug>/": "public",
    "outbox/": "public",
    "outbox/<uuid:message_id>/": "public",
    "mail/awaited/": "public",
    "workspaces/": "signed-in",
    "workspaces/new/": "signed-in",
    "invitations/open/": "public",
    "invitations/<str:token>/": "public",
    "oauth/callback/<uuid:app_id>/": "public",
    "connect/ended/<slug:outcome>/": "public",
    "connect-account": "public",
    "connect-account/ended": "public",
    "healthz": "public",
    "readyz": "public",
    PLACE: "workspace",
    f"{PLACE}automations/": "workspace",
    f"{PLACE}developers/": "workspace",
    f"{PLACE}mapping/": "workspace",
    f"{PLACE}mapping/from-test/": "workspace",
    f"{PLACE}developers/limits/": "workspace",
    f"{PLACE}developers/calls/": "workspace",
    f"{PLACE}developers/calls/<uuid:call_id>/": "workspace",
    f"{PLACE}developers/returns/": "workspace",
    f"{PLACE}developers/webhooks/": "workspace",
    WEBHOOK: "workspace",
    f"{WEBHOOK}deliveries/<uuid:delivery_id>/replay/": "workspace",
    f"{PLACE}developers/tokens/new/": "workspace",
    TOKEN: "workspace",
    f"{TOKEN}revoke/": "workspace",
    f"{TOKEN}rotate/": "workspace",
    SETTINGS: "workspace",
    f"{SETTINGS}audit/": "workspace",
    f"{SETTINGS}audit.csv": "workspace",
    f"{SETTINGS}audit.jsonl": "workspace",
    f"{SETTINGS}roles/": "workspace",
    TEAM: "workspace",
    f"{TEAM}leave/": "workspace",
    f"{TEAM}invitations/<uuid:invitation_id>/": "workspace",
    f"{TEAM}invitations/<uuid:invitation_id>/resend/": "workspace",
    f"{TEAM}invitations/<uuid:invitation_id>/revoke/": "workspace",
    f"{TEAM}<uuid:member_id>/": "workspace",
    f"{TEAM}<uuid:member_id>/remove/": "workspace",
    f"{TEAM}<uuid:member_id>/ownership/": "workspace",
    f"{PLACE}accounts/": "workspace",
    f"{PLACE}accounts/connect/": "workspace",
    f"{PLACE}accounts/connect/<slug:outcome>/": "workspace",
    ACCOUNT: "workspace",
    f"{ACCOUNT}pause/": "workspace",
    f"{ACCOUNT}remove/": "workspace",
    f"{ACCOUNT}mapping/": "workspace",
    f"{ACCOUNT}mapping/fields/": "workspace",
    f"{ACCOUNT}mapping/refresh/": "workspace",
    f"{ACCOUNT}consent/": "workspace",
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
    "api/<path:rest>": "public",
    "compat/<path:rest>": "public",
    "llms.txt": "public",
    "api/ping": "api",
    "api/integrated-account": "api",
    "api/integrated-account/<uuidstr:account_id>": "api",
    "api/integrated-account/<uuidstr:account_id>/mirror": "api sent",
    "api/integrated-account/<uuidstr:account_id>/consent-basis": "api",
    "api/integrated-account/<uuidstr:account_id>/credentials": "api sent",
    "api/integrated-account/me": "api unified",
    "api/integrated-account/bulk-delete": "api own",
    "api/integrated-account/refresh-credentials": "api sent",
    "api/integrated-account/token": "api own",
    "api/link-token": "api own",
    "api/integration/<integration>/capabilities": "api",
    "api/integrated-account/<uuidstr:account_id>/capabilities": "api",
    "api/integrated-account/<uuidstr:account_id>/tools": "api",
    "api/api-token": "api",
    "api/unified/marketing-automation/contacts": "api unified",
    "api/unified/marketing-automation/contacts/upsert": "unified sent",
    "api/unified/marketing-automation/contacts/<contact_id>": "api unified",
    "api/unified/<model>/<unified_resource>/meta/<method>": "api",
    "api/unified/meta/<model>/<integration>": "api",
    "api/unified/marketing-automation/lists": "api unified",
    "api/unified/marketing-automation/lists/<list_id>": "api unified",
    "api/unified/marketing-automation/tags": "api unified",
    "api/unified/marketing-automation/tags/<tag_id>": "api unified",
    "api/unified/user-directory/users": "api unified",
    "api/unified/user-directory/users/<user_id>": "api unified",
    "api/unified/user-directory/roles": "api unified",
    "api/unified/user-directory/roles/<role_id>": "api unified",
    "api/custom/v3/<path:rest>": "api 1-to-1",
    "api/custom/<path:rest>": "api 1-to-1",
    "api/batch-request": "api own",
    "api/log": "api",
    "api/proxy/<resource>": "api unified",
    "api/proxy/<resource>/<item>": "api unified",
    "v3/<path:rest>": "api 1-to-1",
    "api/jobs": "api",
    "api/quota": "api",
    "api/jobs/<uuidstr:job_id>": "api",
    "api/webhook": "api",
    "api/webhook/test": "api sent",
    "api/webhook/<uuidstr:webhook_id>": "api",
    "api/webhook/<uuidstr:webhook_id>/rotate-secret": "api sent",
    "api/webhook/<uuidstr:webhook_id>/deliveries": "api",
    "api/webhook/<uuidstr:webhook_id>/deliveries/replay": "api sent",
    "api/webhook/<uuidstr:webhook_id>/deliveries/<uuidstr:delivery_id>/replay": "api sent",
    "api/jobs/<uuidstr:job_id>/cancel": "api sent",
    "api/jobs/<uuidstr:job_id>/retry": "api sent",
    "api/jobs/<uuidstr:job_id>/rows": "api",
    "api/unified/marketing-automation/contacts/bulk": "unified sent",
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
    "accounts/confirm-email/<str:key>/": "public",
    "accounts/2fa/authenticate/": "public",
    "accounts/2fa/webauthn/login/": "public",
    "accounts/reauthenticate/": "signed-in",
    "accounts/2fa/": "signed-in",
    "accounts/2fa/reauthenticate/": "signed-in",
    "accounts/2fa/totp/activate/": "signed-in",
    "accounts/2fa/totp/deactivate/": "signed-in",
    "accounts/2fa/recovery-codes/": "signed-in",
    "accounts/2fa/recovery-codes/generate/": "signed-in",
    "accounts/2fa/recovery-codes/download/": "signed-in",
    "accounts/2fa/webauthn/": "signed-in",
    "accounts/2fa/webauthn/add/": "signed-in",
    "accounts/2fa/webauthn/reauthenticate/": "signed-in",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": "signed-in",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": "signed-in",
    "accounts/sessions/": "signed-in",
    "me/": "signed-in",
    "me/sessions/<int:session_id>/end/": "signed-in",
    "me/kept/<uuid:kept_id>/": "signed-in",
    "accounts/email/": "signed-in",
    "accounts/password/change/": "signed-in",
    "accounts/password/set/": "signed-in",
}
# What an address about a linked account that is only sent to takes: who may, and where, is asked for when the body can
# be meant.
BODIES: dict[str, Any] = {
    "api/unified/marketing-automation/contacts/upsert": {"email": "somebody@people.example"},
    "api/unified/marketing-automation/contacts/bulk": [{"email": "somebody@people.example"}],
}
OPERATORS = "admin/"
# What every member may do, a viewer too: see the acts behind these forms.
FOR_EVERY_ROLE = {f"{TEAM}leave/"}
VALUES = {
    "environment": "test",
    "outcome": "user_declined",
    "key": "NQ:abc",
    "uidb36": "1",
    "content_type_id": "1",
    "app_label": "connections",
    "url": "nowhere",
    "pk": "1",
    "session_id": "1",
    "kept_id": "00000000-0000-4000-8000-000000000000",
    "message_id": "00000000-0000-4000-8000-000000000000",
    "slug": "go-live",
    "integration": "constantcontact",
    "model": "marketing-automation",
    "unified_resource": "contacts",
    "method": "list",
    "rest": "contact_tags",
    "resource": "contact_tags",
    "item": "00000000-0000-4000-8000-000000000000",
    "contact_id": "00000000-0000-4000-8000-000000000000",
    "list_id": "00000000-0000-4000-8000-000000000000",
    "tag_id": "00000000-0000-4000-8000-000000000000",
    "user_id": "somebody",
    "role_id": "account_owner",
    "token": "no-such-token",
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

    @property
    def of_the_workspace(self) -> bool:
        """Whether what it shows belongs to the workspace as a whole, and so is the same in test and in live."""
        return self.pattern.startswith(SETTINGS)

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
