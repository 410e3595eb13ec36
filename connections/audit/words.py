"""The audit in words: which acts there are, in which groups, and the sentence each becomes. Pure.

A sentence names who did it (`{who}`), what it was about (`{about}`) and values of the new state (`{new.name}`);
a part in square brackets is left out where one of its values is missing, as when the detail has been dropped.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

Detail = Mapping[str, Any]  # Any: what JSON holds

GROUPS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "people": (
        "People and roles",
        {
            "member_invited": "{who} invited {about}[ as {role}]",
            "invitation_resent": "{who} sent the invitation to {about} again",
            "invitation_revoked": "{who} withdrew the invitation to {about}",
            "invitation_accepted": "{who} accepted an invitation[ as {role}]",
            "invitation_declined": "{who} declined an invitation",
            "invitation_refused": "An invitation was refused[ to {about}][: {new.reason}]",
            "role_changed": "{who} made {about}[ {role}]",
            "member_removed": "{who} removed {about} from the workspace",
            "member_left": "{who} left the workspace",
            "ownership_moved": "{who} made {about} the owner",
        },
    ),
    "workspace": (
        "Workspace",
        {
            "workspace_opened": "{who} opened the workspace[ {about}]",
            "workspace_renamed": "{who} renamed the workspace[ to {new.name}]",
            "taken_live": "{who} took the set-up live[: {about}]",
            "audit_exported": "{who} exported the audit[ as {about}]",
            "mail_tested": "{who} sent a test message[ to {about}]",
            "access_refused": "{who} was refused[ {about}]",
            "input_refused": "{who} sent a form that was not taken[: {about}][: {new.reason}]",
        },
    ),
    "keys": (
        "API tokens, webhooks and applications",
        {
            "token_created": "{who} made an API token[: {about}]",
            "token_revoked": "{who} revoked an API token[: {about}]",
            "webhook_created": "{who} made a webhook[ to {about}]",
            "webhook_changed": "{who} changed a webhook[ to {about}]",
            "webhook_deleted": "{who} deleted a webhook[ to {about}]",
            "webhook_switched_off": "{who} switched a webhook off[ to {about}][: {new.reason}]",
            "webhook_secret_changed": "{who} changed the secret of a webhook[ to {about}]",
            "webhook_replayed": "{who} sent deliveries of a webhook again[: {new.deliveries}][, to {about}]",
            "return_addresses_set": "{who} set the addresses that people may be sent back to",
            "application_brought": "{who} set the Constant Contact application[ with the client id {about}]",
            "partner_key_linked": "{who} linked a partner's key[: {about}]",
        },
    ),
    "accounts": (
        "Linked accounts",
        {
            "connection_linked": "{who} linked an account[: {about}]",
            "connection_reconnected": "{who} reconnected an account[: {about}]",
            "connection_refused": "{who} could not link an account[: {about}]",
            "basis_recorded": "{who} recorded on what basis new people may be written[ in {about}]",
            "connection_brought": "{who} brought an account from elsewhere[: {about}]",
            "credentials_changed": "{who} gave an account a new grant[: {about}]",
            "connection_changed": "{who} changed what is kept with an account[: {about}]",
            "connection_paused": "{who} paused an account[: {about}]",
            "connection_resumed": "{who} resumed an account[: {about}]",
            "connection_removed": "{who} removed an account[: {about}]",
            "link_made": "{who} made a link to connect an account[ for {about}]",
            "mapping_saved": "{who} saved the mapping[ of {about}]",
        },
    ),
    "jobs": (
        "Imports and jobs",
        {
            "import_started": "{who} started an import[ of {about}]",
            "job_stopped": "{who} stopped a job[: {about}]",
            "job_retried": "{who} let a job go on[: {about}]",
        },
    ),
    "sign_in": (
        "Signing in",
        {
            "signed_up": "{who} signed up",
            "signed_in": "{who} signed in[ with {about}]",
            "operator_signed_in": "{who} signed in as an operator[ with {about}]",
            "sign_in_failed": "A sign-in failed[ for {about}][: {new.reason}]",
            "link_refused": "A link from a message opened nothing[: {about}][: {new.reason}]",
            "login_limited": "Sign-in was closed for a while after too many tries[ for {about}]",
            "signed_out": "{who} signed out",
            "session_revoked": "{who} ended a session[: {about}]",
            "password_changed": "{who} changed the password",
            "password_reset": "{who} set a new password by a link from a message",
            "email_added": "{who} added an e-mail address[: {about}]",
            "email_confirmed": "{who} confirmed an e-mail address[: {about}]",
            "email_changed": "{who} changed the e-mail address[ to {about}]",
            "email_removed": "{who} removed an e-mail address[: {about}]",
            "mfa_added": "{who} added a second factor[: {about}]",
            "mfa_removed": "{who} removed a second factor[: {about}]",
            "recovery_codes_made": "{who} made new recovery codes",
        },
    ),
    "upkeep": (
        "Upkeep",
        {
            "details_dropped": "{who} dropped details from audits[: {about}]",
        },
    ),
}
ACTIONS: Final[dict[str, str]] = {
    name: sentence for _, (_, acts) in GROUPS.items() for name, sentence in acts.items()
}

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_VALUE = re.compile(r"\{([a-z_.]+)\}")


def who(detail: Detail | None) -> str:
    """Who acted, in a few words."""
    if detail is None:
        return "Somebody"
    person = detail.get("who") or {}
    words = {"patchbay": "Patchbay", "nobody": "Somebody who is not signed in", "token": "An API token"}
    name = str(person.get("name") or person.get("email") or "")
    return name or words.get(str(person.get("kind")), "Somebody")


def sentence(action: str, detail: Detail | None) -> str:
    """What happened, as a sentence without its full stop; still true where the detail has been dropped."""
    template = ACTIONS.get(action)
    if template is None:  # written by a version that knew more
        return f"{who(detail)}: {action.replace('_', ' ')}"
    values = _values(detail)
    kept = _OPTIONAL.sub(lambda part: part[1] if _has_all(part[1], values) else "", template)
    return _VALUE.sub(lambda one: values.get(one[1]) or "somebody", kept)


def changes(detail: Detail | None) -> list[tuple[str, str, str]]:
    """(what, before, after) of each value that the act changed; empty text where there was or is none."""
    old, new = ((detail or {}).get(side) or {} for side in ("old", "new"))
    names = dict.fromkeys([*old, *new])
    return [
        (name.replace("_", " ").capitalize(), _said(old.get(name)), _said(new.get(name))) for name in names
    ]


def _values(detail: Detail | None) -> dict[str, str]:
    found = {"who": who(detail), "about": _said((detail or {}).get("about"))}
    new = (detail or {}).get("new") or {}
    found |= {f"new.{name}": _said(value) for name, value in new.items()}
    role = _said(new.get("role"))
    if role:
        found["role"] = f"{'an' if role[0].lower() in 'aeiou' else 'a'} {role.capitalize()}"
    return found


def _has_all(part: str, values: Mapping[str, str]) -> bool:
    return all(values.get(name) for name in _VALUE.findall(part))


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_said(one)}" for name, one in value.items())
    return str(value)
