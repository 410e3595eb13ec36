"""The second factor, as allauth asks for it: sealed secrets, passkeys for our own address, our words.

Promises: the seed of an authenticator app and of recovery codes is sealed by the key ring; wrong codes of a person
count together, whichever page takes them, and a closed page says until when.
"""

import ipaddress
import uuid
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.conf import settings

from connections import vault
from connections.constantcontact.redaction import Secret
from connections.models import User
from connections.people import loginlimits

# allauth does not say whose secret it is, so a seal holds for the purpose alone.
PLACE: Final = vault.Place(None, uuid.UUID("6d66612d-7365-6564-0000-000000000000"), "second factor")
# Where allauth keeps what it asked us to seal, in a row's data.
SEALED: Final = ("secret", "seed")
CODE_LENGTH: Final = 64
NAME_LENGTH: Final = 60


def passkeys_work() -> bool:
    """Browsers bind a passkey to a name, over https or on this machine; never to an address of numbers."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return settings.SECURE or host == "localhost" or host.endswith(".localhost")
    return False


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Patchbay's answers to the questions of allauth.mfa."""

    error_messages: Final = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That code is not right, or it is too old. Enter the newest one.",
        "unverified_email": "Confirm your e-mail address first, then come back.",
        "cannot_generate_recovery_codes": "Recovery codes come with an authenticator app or a passkey. Add one first.",
    }

    def encrypt(self, text: str) -> str:
        """Sealed by the newest key."""
        return vault.seal(Secret(text), PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened by any key of the ring."""
        return vault.open_sealed(encrypted_text, PLACE).reveal()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the public address, whatever a Host header says."""
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "", "name": "Patchbay"}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """A name to start from, which the person may change."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "Passkey" if count == 0 else f"Passkey {count + 1}"


class _Limited:
    """A form that takes a code; one that is closed for a while says until when."""

    user: User

    def clean_code(self) -> str:
        """allauth's check, with our words for a closed door."""
        try:
            return str(super().clean_code())  # type: ignore[misc]  # the form it is mixed into
        except forms.ValidationError as error:
            if error.code not in loginlimits.CLOSED:
                raise
            key = f"mfa-auth-user-{self.user.pk}"
            raise loginlimits.closed(context.request, key, self.user.email, self.user) from None


def _code_field(form: forms.Form, hint: str) -> None:
    field = form.fields["code"]
    assert isinstance(field, forms.CharField)
    field.label, field.help_text, field.max_length = "Code", hint, CODE_LENGTH
    field.widget = forms.TextInput(
        attrs={
            "autocomplete": "one-time-code",
            "autocapitalize": "off",
            "spellcheck": "false",
            "maxlength": CODE_LENGTH,
        }
    )
    field.error_messages["required"] = "Enter the code."


class SignInCodeForm(_Limited, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The code at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: a form's own arguments
        super().__init__(*args, **kwargs)
        _code_field(self, "Six digits from your authenticator app, or one of your recovery codes.")


class CodeAgainForm(_Limited, ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The code before a sensitive act."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: a form's own arguments
        super().__init__(*args, **kwargs)
        _code_field(self, "Six digits from your authenticator app, or one of your recovery codes.")


class AppCodeForm(_Limited, ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: a form's own arguments
        super().__init__(*args, **kwargs)
        _code_field(self, "The six digits that the app shows now.")
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """A new passkey: it signs in alone, so the device itself checks who holds it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: a form's own arguments
        super().__init__(*args, **kwargs)
        _name_field(self)
        alone = self.fields["passwordless"]
        alone.label, alone.initial = "Sign in with it alone, without a password", True
        alone.help_text = (
            "The device then asks for a finger, a face or its PIN. If not, it stands beside the password."
        )
        self.fields["credential"].error_messages = {
            "required": "The browser made no passkey. Try again.",
            "invalid": "The browser's answer cannot be read. Try again.",
        }


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: a form's own arguments
        super().__init__(*args, **kwargs)
        _name_field(self)


def _name_field(form: forms.Form) -> None:
    field = form.fields["name"]
    assert isinstance(field, forms.CharField)
    field.label, field.help_text = "Name", "So that you can tell your devices apart."
    field.widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": NAME_LENGTH})
    field.max_length = NAME_LENGTH
    field.validators.append(forms.CharField(max_length=NAME_LENGTH).validators[0])
    field.error_messages["required"] = "Give it a name."


@dataclass(frozen=True)
class Factors:
    """The second factors of a person, for the page that lists them."""

    app: Authenticator | None
    passkeys: tuple[Authenticator, ...]
    codes: Authenticator | None

    @classmethod
    def of(cls, rows: list[Authenticator]) -> "Factors":
        """By kind."""
        kinds = Authenticator.Type
        return cls(
            next((row for row in rows if row.type == kinds.TOTP), None),
            tuple(row for row in rows if row.type == kinds.WEBAUTHN),
            next((row for row in rows if row.type == kinds.RECOVERY_CODES), None),
        )

    @property
    def is_on(self) -> bool:
        """Whether sign-in asks for one."""
        return self.app is not None or bool(self.passkeys)

    @property
    def codes_left(self) -> int:
        """Recovery codes that were not used."""
        return len(self.codes.wrap().get_unused_codes()) if self.codes else 0


def is_on(user: User) -> bool:
    """Whether this person's sign-in asks for a second factor."""
    return Factors.of(list(Authenticator.objects.filter(user_id=user.pk))).is_on
