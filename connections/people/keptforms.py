"""A form that was sent too late, after the sign-in had ended, is kept for half an hour and shown again.

    url = keptforms.keep(request, keptforms.Why.SIGNED_OUT)   # "" if it is not one to keep

Promises: only fields are kept, sealed, in the session of the browser they came from; no file, and nothing that is
named like a password, which the person enters again. Only who was signed in with that browser sees it (a signed cookie
remembers who that was). Nothing is ever sent by itself: the page shows the values, and a button sends them with a
fresh token. A form from another site is not kept.
"""

import enum
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import reverse

from connections import vault
from connections.constantcontact.redaction import Secret
from connections.models import User

SESSION_KEY: Final = "kept_forms"
FIELD: Final = "kept_form"
SALT: Final = "connections.keptforms.person"
KEPT_FOR: Final = timedelta(minutes=30)
REMEMBERED_FOR: Final = timedelta(days=30)
MOST_SIGNS: Final = 64_000
MOST_KEPT: Final = 3
# Sign-in has passwords and codes, the API has no forms, and operators' pages change rows by other rules.
LEFT_OUT: Final = ("/accounts/", "/api/", "/admin/", "/oauth/", "/static/")
_SECRET_NAME = re.compile(r"(?i)(^|[_-])(old)?(password\d?|passphrase|secret|token|credential|code)$")


class Why(enum.StrEnum):
    """Why the form did not go through."""

    SIGNED_OUT = "signed_out"
    OUT_OF_DATE = "out_of_date"
    ASKED_AGAIN = "asked_again"


@dataclass(frozen=True)
class KeptForm:
    """A form as it was sent, without what is not kept."""

    key: str
    path: str
    why: Why
    until: datetime
    values: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def shown(self) -> Iterator[dict[str, str]]:
        """Names and values as people read them; technical fields and empty ones are left out."""
        for name, value in self.values:
            if value and not name.startswith("_") and name not in {"idempotency_key", "next"}:
                yield {"label": in_words(name), "value": value if len(value) < 300 else f"{value[:299]}…"}

    @property
    def asked_secrets(self) -> list[tuple[str, str]]:
        """What has to be entered again: names of fields, and words for them."""
        return [(name, in_words(name)) for name in self.secrets]

    @property
    def asked_files(self) -> list[tuple[str, str]]:
        """What has to be chosen again."""
        return [(name, in_words(name)) for name in self.files]


def in_words(name: str) -> str:
    """A field's name as words."""
    return re.sub(r"[_\-:.]+", " ", name).strip().capitalize() or name


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Let this browser know who was signed in with it last, so that a kept form is shown to nobody else."""
    if isinstance(request.user, User) and _person(request) != request.user.pk:
        response.set_cookie(
            settings.PERSON_COOKIE_NAME,
            signing.dumps(request.user.pk, salt=SALT),
            max_age=REMEMBERED_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def keep(request: HttpRequest, why: Why) -> str:
    """Keep what was sent; answers the address where it can be found, or "" if it is not one to keep."""
    person = request.user.pk if isinstance(request.user, User) else _person(request)
    if request.method != "POST" or person is None or not _is_ours(request):
        return ""
    try:
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
        files = sorted(request.FILES)
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return ""
    fields = [(name, str(value)) for name, value in fields if name not in {"csrfmiddlewaretoken", FIELD}]
    plain = [(name, value) for name, value in fields if not _SECRET_NAME.search(name)]
    secrets = sorted({name for name, _ in fields if _SECRET_NAME.search(name)})
    packed = json.dumps({"values": plain, "files": files, "secrets": secrets})
    if len(packed) > MOST_SIGNS or not (plain or secrets or files):
        return ""
    key = uuid.uuid4()
    entry = {
        "key": str(key),
        "path": request.get_full_path(),
        "why": why.value,
        "person": person,
        "until": (datetime.now(UTC) + KEPT_FOR).timestamp(),
        "sealed": vault.seal(Secret(packed), _place(key)),
    }
    request.session[SESSION_KEY] = [*_fresh(request), entry][-MOST_KEPT:]
    return reverse("kept-form", args=[key])


def find(request: HttpRequest, key: uuid.UUID) -> KeptForm | None:
    """The form of this browser and this person, while it is kept."""
    for entry in _fresh(request):
        if entry["key"] == str(key) and entry["person"] == request.user.pk:
            try:
                packed = json.loads(vault.open_sealed(entry["sealed"], _place(key)).reveal())
            except vault.CannotOpen:
                return None
            values = tuple((name, value) for name, value in packed["values"])
            until = datetime.fromtimestamp(entry["until"], UTC)
            return KeptForm(
                entry["key"],
                entry["path"],
                Why(entry["why"]),
                until,
                values,
                tuple(packed["files"]),
                tuple(packed["secrets"]),
            )
    return None


def forget(request: HttpRequest, key: str) -> None:
    """It was sent, or is not wanted."""
    if SESSION_KEY in request.session:
        request.session[SESSION_KEY] = [entry for entry in _fresh(request) if entry["key"] != key]


def _fresh(request: HttpRequest) -> list[dict[str, Any]]:  # Any: what a session holds
    now = datetime.now(UTC).timestamp()
    return [entry for entry in request.session.get(SESSION_KEY, []) if entry["until"] > now]


def _person(request: HttpRequest) -> int | None:
    """Who was signed in with this browser last."""
    try:
        cookie = request.COOKIES.get(settings.PERSON_COOKIE_NAME, "")
        return int(signing.loads(cookie, salt=SALT, max_age=REMEMBERED_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _is_ours(request: HttpRequest) -> bool:
    """One of our pages sent it, to one of our pages."""
    if request.path.startswith(LEFT_OUT):
        return False
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return origin == settings.PUBLIC_URL if origin else site in {None, "same-origin"}


def _place(key: uuid.UUID) -> vault.Place:
    return vault.Place(None, key, "kept form")
