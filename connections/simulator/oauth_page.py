"""The sign-in and consent page of the stand-in authorization server, and its refusals to a person's browser.

It has a look of its own, plainly not the product's and plainly a simulator's, and works without scripts.
"""

from html import escape

from .messages import Response
from .records import App
from .store import Account

ROLES = {"owner": "Account owner", "manager": "Account manager", "creator": "Campaign creator"}

_STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:#1856ed;color:#1b2733}
body,select,button{font:1rem/1.5 "Segoe UI",system-ui,sans-serif}
.ribbon{background:#ff9e1a;color:#1b2733;text-align:center;font-weight:600;padding:.4rem 1rem}
main{max-width:34rem;margin:6vh auto 2rem;background:#fff;border-radius:.75rem;padding:2rem 1.75rem}
h1{font-size:1.4rem;margin:0 0 .75rem}
fieldset{border:1px solid #c9d3dd;border-radius:.5rem;margin:0 0 1rem;padding:.5rem 1rem .75rem}
legend{font-weight:600;padding:0 .35rem}
label{display:flex;gap:.6rem;align-items:center;min-height:2.25rem}
label small{color:#4d5b69;overflow-wrap:anywhere}
input[name=user_code]{font-size:1.25rem;letter-spacing:.2em;padding:.5rem;max-width:100%}
select{width:100%;padding:.6rem;margin:.35rem 0 1rem;border:1px solid #7d8b99;border-radius:.4rem}
ul{margin:.25rem 0 1.25rem;padding-left:1.2rem}
.buttons{display:flex;gap:.75rem;flex-wrap:wrap}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.5rem;border-radius:2rem;cursor:pointer;
border:2px solid #1856ed;background:#fff;color:#1243bd}
button[value=allow]{background:#1856ed;color:#fff}
:focus-visible{outline:3px solid #ff9e1a;outline-offset:2px}
"""

_SCOPES = {
    "account_read": "See the account's name, address and e-mail addresses",
    "account_update": "Change the account's details",
    "contact_data": "See and change contacts, lists, tags and custom fields",
    "campaign_data": "See and change campaigns and their reports",
    "offline_access": "Keep this access while you are away",
    "billing_data": "See billing data",
}


def page(status: int, title: str, body: str, headers: list[tuple[str, str]] | None = None) -> Response:
    """A whole page in the stand-in's look."""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body>"
        '<div class="ribbon" role="note">Simulator: a stand-in for Constant Contact. '
        "No real account is touched.</div>"
        f"<main>{body}</main></body></html>"
    )
    common = [("Content-Type", "text/html;charset=UTF-8"), ("Cache-Control", "no-store")]
    return Response(status, html.encode("utf-8", "replace"), [*common, *(headers or [])])


def refusal(message: str) -> Response:
    """400 for a request that must not be redirected anywhere."""
    return page(400, "Bad request", f"<h1>400 Bad request</h1><p>{escape(message)}</p>")


def consent(
    app: App, accounts: list[Account], fields: dict[str, str], headers: list[tuple[str, str]]
) -> Response:
    """The page where a person chooses whom to be, and allows or denies."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    wanted = "".join(
        f"<li>{escape(_SCOPES.get(scope, scope))}</li>" for scope in fields.get("scope", "").split()
    )
    chooser = _radios(accounts) if len(accounts) <= 6 else _select(accounts)
    return page(
        200,
        "Sign in to Constant Contact (simulator)",
        f"<h1>{escape(app.name)} asks for access</h1>"
        '<form method="post" action="/oauth2/default/v1/authorize">'
        f"{hidden}<p>Sign in as</p>{chooser}<p>The application will be able to:</p><ul>{wanted}</ul>"
        '<div class="buttons"><button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Deny</button></div></form>',
        headers,
    )


def activation(user_code: str, accounts: list[Account]) -> Response:
    """The page where a person enters a device's code; `user_code` is escaped."""
    chooser = _radios(accounts) if len(accounts) <= 6 else _select(accounts)
    return page(
        200,
        "Connect a device (simulator)",
        "<h1>Connect a device</h1>"
        '<form method="post" action="/oauth2/activate"><label for="code">Code on the device</label>'
        f'<input id="code" name="user_code" value="{user_code}" required autocomplete="off">'
        f"<p>Sign in as</p>{chooser}"
        '<div class="buttons"><button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Deny</button></div></form>',
    )


def _choices(account: Account) -> list[tuple[str, str, str]]:
    return [
        (f"{account.account_id}:{user.role}", ROLES[user.role], user.login) for user in account.users.values()
    ]


def _radios(accounts: list[Account]) -> str:
    parts, checked = [], " checked"
    for account in accounts:
        rows = []
        for value, role, login in _choices(account):
            rows.append(
                f'<label><input type="radio" name="user" value="{escape(value)}" required{checked}>'
                f"<span>{role} <small>{escape(login)}</small></span></label>"
            )
            checked = ""
        name = escape(account.summary["organization_name"])
        parts.append(f"<fieldset><legend>{name}</legend>{''.join(rows)}</fieldset>")
    return "".join(parts)


def _select(accounts: list[Account]) -> str:
    groups = []
    for account in accounts:
        options = "".join(
            f'<option value="{escape(value)}">{role}, {escape(login)}</option>'
            for value, role, login in _choices(account)
        )
        groups.append(
            f'<optgroup label="{escape(account.summary["organization_name"])}">{options}</optgroup>'
        )
    return (
        f'<label for="user">Account and user</label><select id="user" name="user">{"".join(groups)}</select>'
    )
