"""Signing in and what belongs to it, in the deployment's audit.

Hears what Django and allauth tell of people: no view of theirs has to be our own for its act to be recorded. A
sign-in belongs to a person, who may be in several workspaces, so none of these go into a workspace's chain.
"""

from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from connections import audit
from connections.models import User

FACTORS = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery codes"}
WAYS = {"password": "password", "code": "code by e-mail", "mfa": "second factor"}


def connect() -> None:
    """Hear from here on; called once, when the app is ready."""
    for signal, receiver in (
        (user_logged_in, signed_in),
        (user_logged_out, signed_out),
        (user_login_failed, sign_in_failed),
        (account.user_signed_up, signed_up),
        (account.password_changed, password_changed),
        (account.password_set, password_changed),
        (account.password_reset, password_reset),
        (account.email_added, email_added),
        (account.email_confirmed, email_confirmed),
        (account.email_changed, email_changed),
        (account.email_removed, email_removed),
        (mfa.authenticator_added, factor_added),
        (mfa.authenticator_removed, factor_removed),
        (mfa.authenticator_reset, factor_reset),
        (mfa.authentication_failed, factor_failed),
    ):
        signal.connect(receiver, dispatch_uid=f"audit-{receiver.__name__}")


def signed_in(request: HttpRequest, user: User, **more: Any) -> None:  # Any: whatever a signal brings
    """With which factors, as far as allauth noted them."""
    session = getattr(request, "session", None)
    ways = [_way(one) for one in get_authentication_records(request, user)] if session is not None else []
    action = "operator_signed_in" if user.is_staff else "signed_in"
    audit.record(action, request=request, user=user, about=" and ".join(dict.fromkeys(ways)))


def _way(record: dict[str, Any]) -> str:
    return FACTORS.get(str(record.get("type")), "") or WAYS.get(str(record.get("method")), "password")


def signed_out(request: HttpRequest | None, user: User | None, **more: Any) -> None:
    """Only of somebody; ending an anonymous session is nothing."""
    if user is not None:
        audit.record("signed_out", request=request, user=user)


def sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """For which address; whether there is such a person is not said."""
    tried = credentials.get("email") or credentials.get("username") or ""
    audit.record(
        "sign_in_failed", request=request, about=str(tried), new={"reason": "wrong address or password"}
    )


def signed_up(request: HttpRequest, user: User, **more: Any) -> None:
    """A person is there."""
    audit.record("signed_up", request=request, user=user)


def password_changed(request: HttpRequest, user: User, **more: Any) -> None:
    """By who knew the old one, or had none."""
    audit.record("password_changed", request=request, user=user)


def password_reset(request: HttpRequest, user: User, **more: Any) -> None:
    """By a link from a message."""
    audit.record("password_reset", request=request, user=user)


def email_added(request: HttpRequest, user: User, email_address: EmailAddress, **more: Any) -> None:
    """Not confirmed yet."""
    audit.record("email_added", request=request, user=user, about=email_address.email)


def email_confirmed(request: HttpRequest, email_address: EmailAddress, **more: Any) -> None:
    """The person whose address it is may not be signed in."""
    audit.record("email_confirmed", request=request, user=_person(email_address), about=email_address.email)


def email_changed(
    request: HttpRequest,
    user: User,
    to_email_address: EmailAddress,
    from_email_address: EmailAddress | None = None,
    **more: Any,
) -> None:
    """The address to sign in with. To confirm the first one changes nothing, though allauth says so."""
    if from_email_address is None or from_email_address.pk == to_email_address.pk:
        return
    old, new = {"address": from_email_address.email}, {"address": to_email_address.email}
    audit.record("email_changed", request=request, user=user, about=to_email_address.email, old=old, new=new)


def email_removed(request: HttpRequest, user: User, email_address: EmailAddress, **more: Any) -> None:
    """One that is used no more."""
    audit.record("email_removed", request=request, user=user, about=email_address.email)


def factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    """Recovery codes are made, the other factors added."""
    _factor("mfa_added", request, user, authenticator)


def factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    """One less."""
    audit.record("mfa_removed", request=request, user=user, about=_factor_name(authenticator))


def factor_reset(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    """New recovery codes, in place of the old ones."""
    _factor("mfa_added", request, user, authenticator)


def factor_failed(request: HttpRequest, user: User, **more: Any) -> None:
    """The password was right, the second factor was not."""
    audit.record("sign_in_failed", request=request, about=user.email, new={"reason": "wrong second factor"})


def _factor(action: str, request: HttpRequest, user: User, authenticator: Authenticator) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record("recovery_codes_made", request=request, user=user)
    else:
        audit.record(action, request=request, user=user, about=_factor_name(authenticator))


def _factor_name(authenticator: Authenticator) -> str:
    return FACTORS.get(str(authenticator.type), str(authenticator.type))


def _person(email_address: EmailAddress) -> User | None:
    person = email_address.user
    return person if isinstance(person, User) else None
