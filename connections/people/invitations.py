"""Invitations: an address is asked to join a workspace, by a link that ends one way.

Promises: the link's token has 256 bits, is kept as a digest only, and is shown to nobody but its reader: it goes out
in a message, or, where there is no mail, is shown once to who invites. A sending makes a new row and a new link; the
link before it is dead from then on. Nobody joins by looking: only by an answer, under the held workspace, as the
address that was invited.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from connections import audit, mail, roles, scoping, tenancy
from connections.constantcontact.redaction import Secret
from connections.models import Invitation, Membership, User
from connections.people import team
from connections.people.team import Refused
from connections.scoping import Scope

SESSION = "invitation"
MOST_OPEN, MOST_AN_HOUR, MOST_TO_ONE = 50, 20, 5


@dataclass(frozen=True)
class Sent:
    """An invitation that went out; the link only where no message carries it."""

    invitation: Invitation
    link: Secret


@dataclass(frozen=True)
class Standing:
    """An invitation as its reader meets it: open, expired, accepted, declined, revoked or replaced by a newer one."""

    invitation: Invitation
    workspace_name: str
    state: str

    @property
    def is_open(self) -> bool:
        """Whether it can be accepted."""
        return self.state == "open"

    @property
    def masked(self) -> str:
        """The invited address, for somebody who may not be its owner."""
        name, _, domain = self.invitation.email.partition("@")
        return f"{name[:1]}***@{domain}"


# --- Sending ---------------------------------------------------------------------------------------------------


def open_ones() -> QuerySet[Invitation]:
    """Those that were not answered or taken back, the expired among them. Inside the scope."""
    return Invitation.objects.select_related("message", "invited_by").filter(
        accepted_at=None, declined_at=None, revoked_at=None
    )


def invite(scope: Scope, request: HttpRequest, email: str, role: str) -> Sent:
    """Ask an address to join, in a role below owner.

    Raises:
        Refused: they are in already, were asked already, or too many were asked.
    """
    with team.changing(scope, "manage people"):
        email = email.strip().lower()
        if Membership.objects.filter(user__email=email).exists():
            raise Refused(f"{email} is in this workspace already.")
        now = datetime.now(UTC)
        if open_ones().filter(email=email, expires_at__gt=now).exists():
            raise Refused(f"{email} has an open invitation. Send it again, or revoke it first.")
        open_ones().filter(email=email).update(revoked_at=now)
        return _send(scope, request, email, role, "member_invited")


def resend(scope: Scope, request: HttpRequest, invitation_id: UUID) -> Sent:
    """The same invitation with a new link and a new end; the old link is dead.

    Raises:
        Refused: too many were sent.
    """
    with team.changing(scope, "manage people"):
        old = scoping.one(open_ones(), pk=invitation_id)
        Invitation.objects.filter(pk=old.pk).update(revoked_at=datetime.now(UTC))
        return _send(scope, request, old.email, old.role, "invitation_resent")


def revoke(scope: Scope, request: HttpRequest, invitation_id: UUID) -> Invitation:
    """Take an open invitation back; its link says so from now on."""
    with team.changing(scope, "manage people"):
        found = scoping.one(open_ones(), pk=invitation_id)
        Invitation.objects.filter(pk=found.pk).update(revoked_at=datetime.now(UTC))
        _record("invitation_revoked", request, found)
    return found


def _send(scope: Scope, request: HttpRequest, email: str, role: str, action: str) -> Sent:
    """A new row with its message, while the workspace is held."""
    if role not in dict(team.GIVEN_ROLES):
        raise Refused(
            "Nobody is invited as an owner. Invite as an admin, and make them an owner when they are in."
        )
    now = datetime.now(UTC)
    _keep_limits(email, now)
    token = secrets.token_urlsafe(32)
    link = settings.PUBLIC_URL + reverse("invitation", args=[token])
    ends = now + timedelta(days=settings.ENV.INVITATION_DAYS)
    message = None
    if mail.is_on():
        context: dict[str, object] = {
            "inviter": team.person_name(scope.user),
            "workspace": scope.workspace_name,
            "role": role,
            "role_sentence": roles.ROLES[role],
            "link": link,
            "expires_at": f"{ends:%Y-%m-%d %H:%M} UTC",
        }
        message = mail.send("invitation", email, context)
    invitation = Invitation.objects.create(
        tenant_id=scope.tenant_id,
        email=email,
        role=role,
        digest=digest_of(token),
        invited_by=scope.user,
        message=message,
        sent_at=now,
        expires_at=ends,
    )
    _record(action, request, invitation)
    return Sent(invitation, Secret("" if message else link))


def _keep_limits(email: str, now: datetime) -> None:
    """Invitations go to strangers' addresses: bounded, so that a workspace cannot flood them."""
    if open_ones().filter(expires_at__gt=now).count() >= MOST_OPEN:
        raise Refused(
            f"{MOST_OPEN} invitations are open, the most at a time. Revoke one, or wait for answers."
        )
    recent = Invitation.objects.filter(sent_at__gt=now - timedelta(hours=1))
    if recent.count() >= MOST_AN_HOUR:
        raise Refused(
            f"{MOST_AN_HOUR} invitations went out within an hour, the most there may be. Try again later."
        )
    if Invitation.objects.filter(email=email, sent_at__gt=now - timedelta(days=1)).count() >= MOST_TO_ONE:
        raise Refused(f"{email} was sent {MOST_TO_ONE} invitations within a day. Try again tomorrow.")


# --- Answering -------------------------------------------------------------------------------------------------


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def remember(request: HttpRequest, token: str) -> Standing | None:
    """What a link is of; an open one's session keeps what finds it. Nothing else makes one: anybody makes up links."""
    standing = _standing(digest_of(token))
    if standing is not None and standing.is_open:
        request.session[SESSION] = digest_of(token).hex()
    return standing


def forget(request: HttpRequest) -> None:
    """The invitation was answered, or is not wanted."""
    request.session.pop(SESSION, None)


def waiting(request: HttpRequest) -> Standing | None:
    """The invitation that this browser came with, whatever has become of it; None where there is none."""
    kept = request.session.get(SESSION)
    return _standing(bytes.fromhex(kept)) if isinstance(kept, str) else None


def _standing(digest: bytes) -> Standing | None:
    for tenant_id, invitation_id in tenancy.find("find_invitation", digest):
        with tenancy.acting_for(tenant_id):
            rows = Invitation.objects.select_related("tenant", "invited_by", "message")
            found = rows.filter(pk=invitation_id).first()
            if found is not None:
                return Standing(found, found.tenant.name, _state(found))
    return None


def _state(invitation: Invitation) -> str:
    """Inside the scope."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.declined_at:
        return "declined"
    if invitation.revoked_at:
        newer = Invitation.objects.filter(email=invitation.email, created_at__gt=invitation.created_at)
        return "replaced" if newer.exists() else "revoked"
    return "open" if invitation.expires_at > datetime.now(UTC) else "expired"


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invited address is this person's."""
    if user.email.lower() == invitation.email:
        return True
    own = EmailAddress.objects.filter(user=user, email__iexact=invitation.email, verified=True)
    return bool(own.exists())


def has_account(invitation: Invitation) -> bool:
    """Whether the invited address signs in here already. Only for who holds the link, which went to that address."""
    return User.objects.filter(email=invitation.email).exists()


def accept(standing: Standing, request: HttpRequest, user: User) -> Membership:
    """Join. Whoever is in already keeps their role, and the invitation is used up.

    Raises:
        Refused: it is not open any more, or was made for somebody else.
    """
    with tenancy.acting_for(standing.invitation.tenant_id):
        invitation = _held(standing, user)
        membership, _ = Membership.objects.get_or_create(
            tenant_id=invitation.tenant_id, user=user, defaults={"role": invitation.role}
        )
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=datetime.now(UTC))
        _record("invitation_accepted", request, invitation, user)
    forget(request)
    return membership


def join_as_new(standing: Standing, request: HttpRequest, user: User) -> None:
    """Somebody has just signed up by the link. That it reached them proves the address, if a message carried it.

    Should the invitation have ended in this very moment, they have an account without a workspace, and are told.
    """
    if standing.invitation.message_id is not None:
        get_adapter(request).stash_verified_email(request, standing.invitation.email)
    try:
        accept(standing, request, user)
    except Refused as refused:
        messages.error(request, str(refused))


def decline(standing: Standing, request: HttpRequest, user: User) -> None:
    """Say no.

    Raises:
        Refused: it is not open any more, or was made for somebody else.
    """
    with tenancy.acting_for(standing.invitation.tenant_id):
        invitation = _held(standing, user)
        Invitation.objects.filter(pk=invitation.pk).update(declined_at=datetime.now(UTC))
        _record("invitation_declined", request, invitation, user)
    forget(request)


def _held(standing: Standing, user: User) -> Invitation:
    """The invitation as it is now, while the workspace is held."""
    team.hold(standing.invitation.tenant_id)
    invitation = Invitation.objects.get(pk=standing.invitation.pk)
    if _state(invitation) != "open":
        raise Refused("This invitation is not open any more.")
    if not is_for(invitation, user):
        raise Refused("This invitation was made for somebody else.")
    return invitation


def note_refusal(standing: Standing | None, request: HttpRequest, reason: str) -> None:
    """A link that opened nothing goes into the audit; once an hour is enough for the same caller and the same link."""
    found = standing.invitation if standing else None
    audit.record(
        "invitation_refused",
        request=request,
        tenant_id=found.tenant_id if found else None,
        about=found.email if found else "",
        new={"reason": reason},
        once=timedelta(hours=1),
    )


def _record(action: str, request: HttpRequest, invitation: Invitation, user: User | None = None) -> None:
    audit.record(
        action,
        request=request,
        tenant_id=invitation.tenant_id,
        user=user,
        about=invitation.email,
        new={"role": invitation.role},
    )
