"""Every setting of Patchbay, read once from the environment.

`config.declared` has their names, types, defaults and limits; `config.settings` turns them into Django's. Any setting
may be given as NAME or, for a file that holds its value, NAME_FILE. In development the gaps are filled from the record
that `manage.py up` keeps in its data folder; production starts only with real secrets and addresses.
"""

import json
import os
import ssl
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError, field_validator, model_validator

from config import mailserver
from config.declared import ROOT, UNSAFE_KEY, UNSAFE_KEY_RING, Declared

PROVIDER_URLS = (
    "CONSTANT_CONTACT_AUTHORIZE_URL",
    "CONSTANT_CONTACT_TOKEN_URL",
    "CONSTANT_CONTACT_REVOKE_URL",
    "CONSTANT_CONTACT_API_URL",
)


class SettingsError(SystemExit):
    """A setting is missing or wrong; the message names it and the cure, one line each."""


class Env(Declared):
    """The settings, checked: no process starts with one that is missing or wrong."""

    @field_validator("PUBLIC_URL")
    @classmethod
    def _plain_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path not in {"", "/"}
            or parts.query
        ):
            raise ValueError("needs the form https://host or http://host:port, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("CONSTANT_CONTACT_CA_FILE")
    @classmethod
    def _certificates(cls, value: str) -> str:
        try:
            if value:
                ssl.create_default_context(cafile=value)
        except OSError as error:  # no such file, not ours to read, or nothing in it that is a certificate
            raise ValueError(f"names {value}, which holds no readable certificates: {error}") from None
        return value

    @field_validator("EMAIL_URL")
    @classmethod
    def _known_mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            mailserver.parse(value.get_secret_value())
        return value

    @field_validator("EMAIL_FROM")
    @classmethod
    def _one_sender(cls, value: str) -> str:
        if value:
            mailserver.check_sender(value)
        return value

    @field_validator("EGRESS_ALLOW")
    @classmethod
    def _hosts_with_ports(cls, value: str) -> str:
        _hosts(value)
        return value

    @field_validator("WEBHOOK_PAUSES")
    @classmethod
    def _growing_pauses(cls, value: str) -> str:
        parts = [part.strip() for part in value.split(",")]
        pauses = [int(part) for part in parts if part.isdecimal()]
        if len(pauses) < len(parts) or pauses[0] < 1 or pauses != sorted(pauses):
            raise ValueError(
                "needs whole seconds, comma-separated, each pause at least as long as the one before"
            )
        return value

    @property
    def egress_allowed(self) -> frozenset[tuple[str, int]]:
        """(host, port) of each test server that webhooks may be sent to."""
        return _hosts(self.EGRESS_ALLOW)

    @property
    def mail_server(self) -> mailserver.MailServer | None:
        """Where messages are handed over; None without EMAIL_URL."""
        url = self.EMAIL_URL.get_secret_value()
        return mailserver.parse(url) if url else None

    @property
    def keeps_mail(self) -> bool:
        """Whether messages stay here, in the outbox: development without a mail server."""
        return not self.EMAIL_OFF and self.DEPLOYMENT == "development" and self.mail_server is None

    @model_validator(mode="after")
    def _real_secrets_in_production(self) -> "Env":
        if self.DEPLOYMENT != "production":
            return self
        missing = [
            name
            for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL")
            if not getattr(self, name)
        ]
        if missing:
            raise ValueError(f"production needs {', '.join(missing)} (README, Settings)")
        if self.SECRET_KEY.get_secret_value() == UNSAFE_KEY or len(self.SECRET_KEY.get_secret_value()) < 50:
            raise ValueError("production needs SECRET_KEY, at least 50 characters of chance")
        if self.FAILPOINT:
            raise ValueError("production takes no FAILPOINT: it makes a process kill itself")
        if self.SECRETS_KEYS.get_secret_value() == UNSAFE_KEY_RING:
            raise ValueError("production needs SECRETS_KEYS: `id:` and the base64 of 32 bytes of chance")
        if not self.PUBLIC_URL.startswith("https://"):
            raise ValueError("production needs PUBLIC_URL with https")
        plain = [name for name in PROVIDER_URLS if not getattr(self, name).startswith("https://")]
        if plain:
            raise ValueError(f"production needs https in {', '.join(plain)}")
        if not self.EMAIL_OFF and not (self.EMAIL_URL.get_secret_value() and self.EMAIL_FROM):
            raise ValueError("production needs EMAIL_URL and EMAIL_FROM, or EMAIL_OFF=1 to do without mail")
        return self


def _hosts(text: str) -> frozenset[tuple[str, int]]:
    found = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, _, port = entry.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(f"needs host:port, comma-separated; {entry!r} is none")
        found.add((host.lower().strip("[]"), int(port)))
    return frozenset(found)


def read() -> Env:
    """The settings of this process.

    Raises:
        SettingsError: one line a fault, each naming the setting and the cure.
    """
    values = _from_files(dict(os.environ))
    if values.get("DEPLOYMENT", "development") == "development":
        values = {**_recorded(values), **values}
    known = {name: values[name] for name in Env.model_fields if values.get(name)}
    try:
        return Env.model_validate(known)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in e['loc']) or 'settings'}: {e['msg']}" for e in error.errors()
        ]
        raise SettingsError("Patchbay cannot start with these settings:\n" + "\n".join(lines)) from None


def _from_files(values: dict[str, str]) -> dict[str, str]:
    """NAME_FILE stands for the content of that file, as container platforms mount secrets."""
    for name in Env.model_fields:
        path = values.get(f"{name}_FILE")
        if path and not values.get(name):
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(
                    f"{name}_FILE names a file that cannot be read: {path} ({error.strerror})"
                ) from None
    return values


def _recorded(values: dict[str, str]) -> dict[str, str]:
    """What `up` wrote down: in the data folder, and beside the database's socket for who has only its address."""
    folders = [Path(values.get("PATCHBAY_DATA") or ROOT / ".patchbay") / "environment.json"]
    if values.get("DATABASE_URL"):
        host = unquote(urlsplit(values["DATABASE_URL"]).hostname or "")
        # urlsplit lowers the case of a host; the socket's folder is taken from the text itself.
        text = unquote(values["DATABASE_URL"].rpartition("@")[2].partition("?")[0].rpartition("/")[0])
        folders = [Path(text) / "patchbay.json"] if host.startswith("/") else []
    for path in folders:
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return {name: str(value) for name, value in record.items() if value}
    return {}
