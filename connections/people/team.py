"""Who is in a workspace and as what: changing a role, removing, leaving, moving ownership.

Promises: a workspace always has an owner. Every change holds the workspace's row, reads anew what the acting person
may do, and writes its line in the audit, all in one transaction; so two owners who demote each other at the same
moment come one after the other, and the second is refused. Only owners touch owners, and nobody becomes one by
invitation: ownership is given, or moved, to somebody who is in the workspace already.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from connections import audit, roles, scoping, tenancy
from connections.models import ApiKey, Connection, Environment, Membership, Tenant, User
from connections.scoping import Scope

OWNER, ADMIN = Membership.Role.OWNER, Membership.Role.ADMIN
# What an invitation and the page of a role may give; owners are made on a page of their own.
GIVEN_ROLES = tuple((role.value, role.label) for role in Membership.Role if role != OWNER)


class Refused(Exception):
    """The team cannot be changed so; the text says why, and what to do instead."""


@dataclass(frozen=True)
class Member:
    """One line of the team."""

    membership: Membership
    second_factor: bool
    is_you: bool

    @property
    def role_sentence(self) -> str:
        """What they may do."""
        return roles.ROLES[self.membership.role]


@dataclass(frozen=True)
class Traces:
    """What a person leaves behind in a workspace, by count."""

    tokens: int
    connections: int


def members(scope: Scope) -> list[Member]:
    """Everybody, longest here first. Inside the scope."""
    rows = list(Membership.objects.select_related("user"))
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    secured = set(
        Authenticator.objects.filter(user_id__in=[row.user_id for row in rows], type__in=kinds).values_list(
            "user_id", flat=True
        )
    )
    return [Member(row, row.user_id in secured, row.user == scope.user) for row in rows]


def traces(member: Membership) -> Traces:
    """The tokens that somebody made and the accounts that they connected, in both environments. Inside the scope."""
    tokens = connections = 0
    for environment in list(Environment.objects.all()):
        with tenancy.acting_for(member.tenant_id, environment.pk):
            tokens += ApiKey.objects.filter(created_by_id=member.user_id, revoked_at=None).count()
            connections += Connection.objects.filter(linked_by_id=member.user_id).count()
    return Traces(tokens, connections)


@contextmanager
def changing(scope: Scope, action: str) -> Iterator[Membership]:
    """A transaction in which nobody else changes this team; gives the acting person's membership as it is now.

    Raises:
        Refused: they were removed, or may not do this any more.
    """
    with scope.transaction():
        hold(scope.tenant_id)
        actor = Membership.objects.filter(user=scope.user).first()
        if actor is None:
            raise Refused("You are not in this workspace any more.")
        if not roles.may(actor.role, action):
            raise Refused(f"Your role has changed meanwhile. {roles.why_not(actor.role, action)}")
        yield actor


def hold(tenant_id: UUID) -> Tenant:
    """The workspace's row, held until the transaction ends: changes of one team come one after the other."""
    return Tenant.objects.select_for_update().get(pk=tenant_id)


def change_role(scope: Scope, request: HttpRequest, member_id: UUID, role: str) -> Membership:
    """Give a member another role, below owner.

    Raises:
        Refused: it would leave no owner, or an owner is changed by somebody who is none.
    """
    with changing(scope, "manage people") as actor:
        member = _found(member_id)
        if role not in dict(GIVEN_ROLES):
            raise Refused("Ownership is given on a page of its own.")
        _may_touch(actor, member)
        _keep_an_owner(member)
        old, member.role = member.role, role
        member.save(update_fields=["role"])
        _record("role_changed", request, member, old=old, new=role)
    return member


def remove(scope: Scope, request: HttpRequest, member_id: UUID) -> Membership:
    """Take somebody out of the workspace; what they may see ends with this transaction.

    Raises:
        Refused: it would leave no owner, or an owner is removed by somebody who is none.
    """
    with changing(scope, "manage people") as actor:
        member = _found(member_id)
        if member == actor:
            raise Refused("To go yourself, use Leave this workspace.")
        _may_touch(actor, member)
        _keep_an_owner(member)
        Membership.objects.filter(pk=member.pk).delete()
        _record("member_removed", request, member, old=member.role)
    return member


def why_stay(scope: Scope) -> str:
    """Why who asks cannot go, as `leave` would say; nothing if they can."""
    with scope.transaction():
        actor = Membership.objects.filter(user=scope.user).first()
        try:
            if actor is not None:
                _keep_an_owner(actor)
        except Refused as refused:
            return str(refused)
    return ""


def leave(scope: Scope, request: HttpRequest) -> None:
    """Go. The last owner cannot.

    Raises:
        Refused: it would leave no owner.
    """
    with changing(scope, "view") as actor:
        _keep_an_owner(actor)
        Membership.objects.filter(pk=actor.pk).delete()
        _record("member_left", request, actor, old=actor.role)


def give_ownership(scope: Scope, request: HttpRequest, member_id: UUID, *, stay_owner: bool) -> Membership:
    """Make another member an owner: beside oneself, or instead, becoming an admin in the same act.

    Raises:
        Refused: the member is oneself, or owns the workspace already.
    """
    with changing(scope, "transfer ownership") as actor:
        member = _found(member_id)
        if member == actor:
            raise Refused("You are an owner already. Choose somebody else.")
        if member.role == OWNER and stay_owner:
            raise Refused(f"{member.user.email} is an owner already.")
        old, member.role = member.role, OWNER
        member.save(update_fields=["role"])
        if not stay_owner:
            actor.role = ADMIN
            actor.save(update_fields=["role"])
        _record("ownership_moved", request, member, old=old, new=OWNER, own_role=actor.role)
    return member


def rename(scope: Scope, request: HttpRequest, name: str) -> None:
    """Call the workspace something else.

    Raises:
        Refused: the role has changed meanwhile.
    """
    with changing(scope, "change the workspace"):
        tenant = Tenant.objects.get(pk=scope.tenant_id)
        if tenant.name == name:
            return
        old, tenant.name = tenant.name, name
        tenant.save(update_fields=["name"])
        audit.record(
            "workspace_renamed",
            request=request,
            tenant_id=scope.tenant_id,
            about=name,
            old={"name": old},
            new={"name": name},
        )


def person_name(user: User | None) -> str:
    """How somebody is called on a page: by name, else by address."""
    return (user.name or user.email) if user else "Somebody who has left"


def _found(member_id: UUID) -> Membership:
    return scoping.one(Membership.objects.select_related("user"), pk=member_id)


def _may_touch(actor: Membership, member: Membership) -> None:
    if member.role == OWNER and actor.role != OWNER:
        raise Refused("Only an owner changes or removes an owner.")


def _keep_an_owner(member: Membership) -> None:
    """Refuse what would take the last owner away. Only while the workspace is held."""
    others = Membership.objects.filter(role=OWNER).exclude(pk=member.pk)
    if member.role == OWNER and not others.exists():
        raise Refused(
            "This is the workspace's only owner, and a workspace needs one. Make somebody else an owner first."
        )


def _record(action: str, request: HttpRequest, member: Membership, **facts: str) -> None:
    old, new = facts.pop("old", ""), facts.pop("new", "")
    audit.record(
        action,
        request=request,
        tenant_id=member.tenant_id,
        about=member.user.email,
        old={"role": old} if old else None,
        new={"role": new, **facts} if new else None,
    )
