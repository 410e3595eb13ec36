"""People who have just signed up, each with a workspace and a session; runs inside the Patchbay that is tested.

Signing up costs five pages, a message and a password's hash; a test that is about something else begins behind it
(`Visitor.arrive`). Prints, as JSON, for each name of a workspace its people.
"""

import json
import secrets
import time
from typing import Any

PASSWORD = "correct horse 9 staple"
NAMES = {"Blue Door Software": 16, "Green Gate Software": 2, "Red Door Software": 2}


def build() -> None:
    """Make them and print who they are."""
    from django.contrib.auth.hashers import make_password

    password = make_password(PASSWORD)
    print(
        json.dumps({name: [_newcomer(name, password) for _ in range(many)] for name, many in NAMES.items()})
    )


def _newcomer(workspace: str, password: str) -> dict[str, str]:
    from connections.models import User
    from connections.people import accounts
    from tests.world import confirm

    person = User.objects.create(email=f"person-{secrets.token_hex(4)}@people.example", password=password)
    confirm(person)
    tenant = accounts.open_workspace(person, workspace)
    return {**signed_in(person), "place": f"/w/{tenant.pk}/test"}


def signed_in(person: Any) -> dict[str, str]:
    """A person's address, and the cookie of a browser in which they have just signed in."""
    from allauth.account.internal.flows import login as flow
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(person)
    session: Any = client.session
    session[flow._AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    # Long enough ahead to be "just now" whenever a test takes this one.
    shown = {"method": "password", "at": time.time() + 3_600, "reauthenticated": True}
    session[flow.AUTHENTICATION_METHODS_SESSION_KEY] = [shown]
    session.save()
    return {"email": person.email, "cookie": client.cookies[settings.SESSION_COOKIE_NAME].value}
