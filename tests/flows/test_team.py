"""The team over HTTP: invitations from form to answer, roles, removal, ownership, and every refusal in words."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.internal.flows import login as flow
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections.mail import delivery
from connections.models import AuditEvent, Invitation, Membership, Message, Tenant, User
from connections.people import invitations, sessions, team
from syncjobs import retention

# Opening a transaction and its context is no question.
OF_A_TRANSACTION = r"BEGIN|COMMIT|SAVEPOINT|RELEASE|SELECT set_config"
PASSWORD = "correct horse 9 staple"
ADA = "ada@people.test"


def at(name, scope, *more):
    return reverse(name, args=[scope.tenant_id, scope.environment, *more])


def asked_again(client):
    """As if this browser's person had shown just now who they are."""
    remember_sign_in(client, time.time())
    return client


def remember_sign_in(client, at):
    """What allauth keeps of the last time that a person showed who they are."""
    session = client.session
    session[flow._AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    session[flow.AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": at, "reauthenticated": True}
    ]
    session.save()


def invite(client, scope, email=ADA, role="marketer"):
    return client.post(at("team", scope), {"email": email, "role": role})


def link_of(message):
    """The path of the link in a message, as its reader finds it."""
    return "/" + re.search(rf"{re.escape(settings.PUBLIC_URL)}/(invitations/[\w-]+/)", text_of(message))[1]


def text_of(message):
    return delivery.written(message).text


def newest():
    return Message.objects.filter(kind="invitation").order_by("-created_at")[0]


def nobody():
    return Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])


def person(email=ADA):
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'").split())


def acts(scope):
    with scope.transaction():
        return [
            event.action for event in AuditEvent.objects.filter(tenant_id=scope.tenant_id).order_by("seq")
        ]


def role_of(scope, user):
    with scope.transaction():
        found = Membership.objects.filter(user=user).first()
    return found.role if found else None


def member_id(scope, user):
    with scope.transaction():
        return Membership.objects.get(user=user).pk


def add(scope, email, role):
    """Somebody who is in already."""
    user = person(email)
    with scope.transaction():
        Membership.objects.create(tenant_id=scope.tenant_id, user=user, role=role)
    return user


# --- An invitation and its answers --------------------------------------------------------------------------------


def test_who_is_new_signs_up_by_the_link_and_is_in(world):
    scope, client = world.scope(), world.client(world.owner)
    assert invite(client, scope).status_code == 302
    page = words(client.get(at("team", scope)))
    assert ADA in page
    message = newest()
    assert (message.to, "Alpha Software" in text_of(message)) == (ADA, True)
    browser = nobody()
    arrived = browser.get(link_of(message))
    assert (arrived.status_code, arrived["Location"]) == (303, reverse("invitation-open"))
    offer = words(browser.get(arrived["Location"]))
    assert "owner@people.test invites ada@people.test to the workspace Alpha Software" in offer
    assert "Marketer" in offer
    assert "Create your account" in offer
    form = browser.get(reverse("account_signup")).content.decode()
    assert ADA in form
    assert "Name of your workspace" not in form
    done = browser.post(reverse("account_signup"), {"email": ADA, "password1": PASSWORD}, follow=True)
    user = User.objects.get(email=ADA)
    assert role_of(scope, user) == "marketer"
    assert EmailAddress.objects.get(user=user).verified
    assert Tenant.objects.using("operator").count() == 2
    assert done.redirect_chain[-1][0] == at("workspace-home", scope)
    assert acts(scope)[-2:] == ["member_invited", "invitation_accepted"]
    with scope.transaction():
        assert Invitation.objects.get().accepted_at


def test_another_address_does_not_sign_up_by_the_link(world):
    scope, client = world.scope(), world.client(world.owner)
    invite(client, scope)
    browser = nobody()
    browser.get(link_of(newest()))
    answer = browser.post(
        reverse("account_signup"), {"email": "eve@people.test", "password1": PASSWORD, "workspace": "Mine"}
    )
    assert "This invitation is for ada@people.test" in words(answer)
    assert not User.objects.filter(email="eve@people.test").exists()


def test_who_has_an_account_signs_in_and_accepts(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope, role="developer")
    browser = nobody()
    offer = browser.get(link_of(newest()), follow=True)
    assert "Sign in with it, then say yes or no" in words(offer)
    login = {"login": ADA, "password": PASSWORD}
    answer = browser.post(f"{reverse('account_login')}?next={reverse('invitation-open')}", login)
    assert answer["Location"] == reverse("invitation-open")
    assert role_of(scope, ada) is None
    assert "Join Alpha Software" in words(browser.get(reverse("invitation-open")))
    assert role_of(scope, ada) is None  # looking is no answer
    joined = browser.post(reverse("invitation-open"), {"answer": "accept"})
    assert joined["Location"] == at("workspace-home", scope)
    assert role_of(scope, ada) == "developer"


def test_declining_ends_it(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope)
    browser = world.client(ada)
    path = link_of(newest())
    browser.get(path)
    assert browser.post(reverse("invitation-open"), {"answer": "decline"}).status_code == 302
    assert role_of(scope, ada) is None
    again = browser.get(path, follow=True)
    assert (again.status_code, "This invitation was declined" in words(again)) == (410, True)
    assert acts(scope)[-2:] == ["invitation_declined", "invitation_refused"]


def test_a_used_link_opens_nothing(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope)
    path, browser = link_of(newest()), world.client(ada)
    browser.get(path)
    browser.post(reverse("invitation-open"), {"answer": "accept"})
    for again in (browser, world.client(world.stranger), nobody()):
        answer = again.get(path, follow=True)
        assert (answer.status_code, "This invitation was used already" in words(answer)) == (410, True)
        assert again.post(reverse("invitation-open"), {"answer": "accept"}).status_code == 404
    assert "invitation_refused" in acts(scope)
    assert role_of(scope, world.stranger) is None


def test_an_expired_link_says_so_and_can_be_sent_again(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope)
    path, browser = link_of(newest()), world.client(ada)
    with scope.transaction():
        past = datetime.now(UTC) - timedelta(minutes=1)
        Invitation.objects.update(expires_at=past)
        first = Invitation.objects.get().pk
    answer = browser.get(path, follow=True)
    assert (answer.status_code, "This invitation has expired" in words(answer)) == (410, True)
    assert "owner@people.test" in words(answer)
    assert browser.post(reverse("invitation-open"), {"answer": "accept"}).status_code == 404
    assert role_of(scope, ada) is None
    assert "Expired" in words(client.get(at("team", scope)))
    assert client.post(at("invitation-resend", scope, first)).status_code == 302
    assert "A newer invitation was sent" in words(browser.get(path, follow=True))
    assert "Join Alpha Software" in words(browser.get(link_of(newest()), follow=True))
    assert client.post(at("invitation-resend", scope, first)).status_code == 404
    assert "invitation_resent" in acts(scope)


def test_a_revoked_link_says_so(world):
    scope, client = world.scope(), world.client(world.owner)
    invite(client, scope)
    path = link_of(newest())
    with scope.transaction():
        invitation = Invitation.objects.get().pk
    assert "opens nothing any more" in words(client.get(at("invitation-revoke", scope, invitation)))
    assert client.post(at("invitation-revoke", scope, invitation)).status_code == 302
    answer = nobody().get(path, follow=True)
    assert (answer.status_code, "This invitation was taken back" in words(answer)) == (410, True)
    assert acts(scope)[-2:] == ["invitation_revoked", "invitation_refused"]


def test_somebody_else_is_told_without_the_whole_address(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope)
    browser = world.client(world.stranger)
    answer = browser.get(link_of(newest()), follow=True)
    assert answer.status_code == 403
    assert "a***@people.test" in words(answer)
    assert ADA not in answer.content.decode()
    assert browser.post(reverse("invitation-open"), {"answer": "accept"}).status_code == 403
    assert role_of(scope, world.stranger) is None
    assert "invitation_refused" in acts(scope)
    assert browser.post(reverse("invitation-open"), {"answer": "switch"}).status_code == 302
    assert "Sign in with it" in words(browser.get(reverse("invitation-open")))
    browser.force_login(ada)
    browser.post(reverse("invitation-open"), {"answer": "accept"})
    assert role_of(scope, ada) == "marketer"


def test_a_made_up_link_opens_nothing_and_is_noted(world):
    browser = nobody()
    answer = browser.get("/invitations/made-up/", follow=True)
    assert (answer.status_code, "This link opens no invitation" in words(answer)) == (404, True)
    browser.get("/invitations/made-up/", follow=True)
    noted = AuditEvent.objects.using("operator").filter(action="invitation_refused", tenant_id=None)
    assert noted.count() == 1
    assert nobody().get(reverse("invitation-open")).status_code == 404
    assert noted.count() == 1


def test_only_an_open_invitation_makes_a_session(world):
    scope, client = world.scope(), world.client(world.owner)
    invite(client, scope)
    path, kept = link_of(newest()), Session.objects.count
    before = kept()
    for number in range(20):
        answer = nobody().get(f"/invitations/made-up-{number}/", follow=True)
        assert answer.status_code == 404
    assert kept() == before
    assert "Join Alpha Software" in words(nobody().get(path, follow=True))
    assert kept() == before + 1
    with scope.transaction():
        Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(minutes=1))
    assert "This invitation has expired" in words(nobody().get(path, follow=True))
    assert kept() == before + 1


def test_a_passkey_is_asked_for_only_so_often(world):
    asking = {"X-Requested-With": "XMLHttpRequest"}
    answers = [nobody().get(reverse("mfa_login_webauthn"), headers=asking) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert "request_options" in answers[0].json()
    assert Session.objects.count() == 60


def test_sessions_that_ended_are_let_go_of(world):
    client, now = world.client(world.owner), datetime.now(UTC)
    alive = Session.objects.get().pk
    Session.objects.bulk_create(
        Session(session_key=f"ended-{number}", session_data="", expire_date=now - timedelta(minutes=1))
        for number in range(25)
    )
    sessions.tidy(now, most=10)
    assert Session.objects.count() == 1
    Session.objects.create(session_key="ended", session_data="", expire_date=now - timedelta(minutes=1))
    retention.tidy(now)
    assert list(Session.objects.values_list("pk", flat=True)) == [alive]
    assert client.get("/workspaces/").status_code == 200


def test_the_token_is_nowhere_but_in_the_message(world, caplog):
    scope, client = world.scope(), world.client(world.owner)
    invite(client, scope)
    path = link_of(newest())
    token = path.split("/")[2]
    browser = nobody()
    page = browser.get(path, follow=True)
    assert token not in page.content.decode() + caplog.text + client.get(at("team", scope)).content.decode()
    assert token not in str(dict(browser.session))
    with scope.transaction():
        assert token.encode() not in bytes(Invitation.objects.get().digest)


def test_who_is_in_already_keeps_their_role(world):
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    invite(client, scope, role="viewer")
    with scope.transaction():
        Membership.objects.create(tenant_id=scope.tenant_id, user=ada, role="admin")
    browser = world.client(ada)
    browser.get(link_of(newest()))
    browser.post(reverse("invitation-open"), {"answer": "accept"})
    assert role_of(scope, ada) == "admin"


def test_without_mail_the_link_is_shown_once(world, settings_of):
    settings_of(EMAIL_OFF=True)
    scope, client = world.scope(), world.client(world.owner)
    ada = person()
    shown = client.get(invite(client, scope)["Location"])
    path = "/" + re.search(r"(invitations/[\w-]{43}/)", shown.content.decode())[1]
    assert "invitations/" not in str(dict(client.session))
    assert "The link was shown once" in words(client.get(shown.request["PATH_INFO"]))
    browser = world.client(ada)
    browser.get(path)
    browser.post(reverse("invitation-open"), {"answer": "accept"})
    assert role_of(scope, ada) == "marketer"
    assert not Message.objects.exists()


# --- What is not invited ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("", "viewer", "Enter the address of the person."),
        ("ada", "viewer", "Enter one e-mail address"),
        ("ada@people.test\r\nBcc: eve@people.test", "viewer", "Enter one e-mail address"),
        ("ada@people.test, eve@people.test", "viewer", "Enter one e-mail address"),
        ("a" * 10_240 + "@people.test", "viewer", "at most 254 signs"),
        ("ada\x00@people.test", "viewer", "Null characters"),
        (ADA, "owner", "Choose one of the roles below."),
        (ADA, "emperor", "Choose one of the roles below."),
        (ADA, "", "Choose a role."),
        ("member@people.test", "viewer", "is in this workspace already"),
        ("MEMBER@people.test", "viewer", "is in this workspace already"),
    ],
)
def test_a_bad_invitation_is_refused_in_words(world, email, role, said):
    scope, client = world.scope(), world.client(world.owner)
    answer = invite(client, scope, email, role)
    assert (answer.status_code, said in words(answer)) == (422, True), words(answer)
    assert not Message.objects.exists()
    with scope.transaction():
        assert not Invitation.objects.exists()
    # What nobody types is in the audit as well; a slip of the hand is not.
    nobody_types = len(email) > 5_000 or not email.isprintable()
    assert acts(scope)[1:] == (["input_refused"] if nobody_types else [])


def test_there_are_limits(world, monkeypatch):
    scope, client = world.scope(), world.client(world.owner)
    for number in range(invitations.MOST_AN_HOUR):
        assert invite(client, scope, f"p{number}@people.test").status_code == 302
    answer = invite(client, scope)
    assert (answer.status_code, "20 invitations went out within an hour" in words(answer)) == (422, True)
    with scope.transaction():
        earlier = datetime.now(UTC) - timedelta(hours=2)
        Invitation.objects.update(sent_at=earlier)
    monkeypatch.setattr(invitations, "MOST_OPEN", 20)
    assert "20 invitations are open, the most" in words(invite(client, scope))
    monkeypatch.setattr(invitations, "MOST_OPEN", 50)
    for _ in range(invitations.MOST_TO_ONE - 1):
        with scope.transaction():
            again = invitations.open_ones().get(email="p1@people.test").pk
        client.post(at("invitation-resend", scope, again))
    with scope.transaction():
        again = invitations.open_ones().get(email="p1@people.test").pk
    answer = client.post(at("invitation-resend", scope, again), follow=True)
    assert "was sent 5 invitations within a day" in words(answer)


def test_an_address_is_asked_once_at_a_time(world):
    scope, client = world.scope(), world.client(world.owner)
    invite(client, scope)
    assert "has an open invitation" in words(invite(client, scope, "Ada@People.test"))


# --- Roles, removal, leaving ----------------------------------------------------------------------------------------


def test_roles_are_changed_and_noted(world):
    scope, client = world.scope(), world.client(world.owner)
    who = member_id(scope, world.member)
    assert client.post(at("member", scope, who), {"role": "developer"}).status_code == 302
    assert role_of(scope, world.member) == "developer"
    assert acts(scope)[-1] == "role_changed"
    answer = client.post(at("member", scope, who), {"role": "owner"})
    assert (answer.status_code, role_of(scope, world.member)) == (422, "developer")


def test_only_owners_touch_owners(world):
    scope = world.scope()
    admin = world.client(add(scope, "admin@people.test", "admin"))
    owner = member_id(scope, world.owner)
    page = words(admin.get(at("member", scope, owner)))
    assert "Only an owner changes or removes an owner" in page
    answer = admin.post(at("member", scope, owner), {"role": "viewer"})
    assert (answer.status_code, "Only an owner" in words(answer)) == (422, True)
    answer = admin.post(at("member-remove", scope, owner))
    assert (answer.status_code, "Only an owner" in words(answer)) == (422, True)
    assert asked_again(admin).get(at("ownership", scope, owner)).status_code == 403
    assert role_of(scope, world.owner) == "owner"


def test_the_last_owner_stays(world):
    scope, client = world.scope(), world.client(world.owner)
    own = member_id(scope, world.owner)
    page = client.get(at("team-leave", scope))
    assert "only owner" in words(page) and 'name="leave"' not in page.content.decode(), (
        "said before it is tried"
    )
    for answer in (
        client.post(at("member", scope, own), {"role": "viewer"}),
        client.post(at("team-leave", scope), {"leave": "test"}),
    ):
        assert (answer.status_code, "only owner" in words(answer)) == (422, True)
    assert client.post(at("member-remove", scope, own)).status_code == 422
    assert role_of(scope, world.owner) == "owner"


def test_removal_says_what_stops_and_ends_at_once(world):
    scope, client = world.scope(), world.client(world.owner)
    theirs = world.client(world.member)
    assert theirs.get(at("team", scope)).status_code == 200
    who = member_id(scope, world.member)
    page = words(client.get(at("member-remove", scope, who)))
    assert "What stops" in page
    assert "What goes on" in page
    assert client.post(at("member-remove", scope, who)).status_code == 302
    assert theirs.get(at("team", scope)).status_code == 404
    assert acts(scope)[-1] == "member_removed"
    assert client.get(at("member", scope, who)).status_code == 404


def test_everybody_else_may_leave(world):
    scope, client = world.scope(), world.client(world.member)
    assert client.post(at("team-leave", scope)).status_code == 422
    assert client.post(at("team-leave", scope), {"leave": "test"})["Location"] == reverse("workspaces")
    assert role_of(scope, world.member) is None
    page = words(client.get(reverse("home")))
    assert "You are in no workspace" in page
    assert "Open a workspace" in page
    assert acts(scope)[-1] == "member_left"


def test_operators_alone_are_led_to_their_site(world):
    client, site = world.client(world.owner), reverse("admin:index")
    assert site not in client.get(reverse("workspaces")).content.decode()
    world.owner.is_staff = True
    world.owner.save()
    assert site in client.get(reverse("workspaces")).content.decode()


def test_a_viewer_is_told_who_can(world):
    scope, client = world.scope(), world.client(world.member)
    page = words(client.get(at("team", scope)))
    assert "You are a viewer here; ask an owner or admin." in page
    assert "Second factor" not in page
    page = words(client.get(at("settings-home", scope)))
    assert "You are a viewer here; ask an owner or admin." in page


def test_the_roles_are_sentences_and_a_table(world):
    scope, client = world.scope(), world.client(world.member)
    page = words(client.get(at("roles", scope)))
    assert "Sees everything that happens, and changes nothing." in page
    assert "Create, rotate and revoke API tokens" in page


# --- Ownership ------------------------------------------------------------------------------------------------------


def test_ownership_is_moved_in_one_act(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    who = member_id(scope, world.member)
    wrong = client.post(at("ownership", scope, who), {"own_role": "admin", "name": "Omega"})
    assert (wrong.status_code, "This is not the workspace's name" in words(wrong)) == (422, True)
    assert role_of(scope, world.member) == "viewer"
    done = client.post(at("ownership", scope, who), {"own_role": "admin", "name": "alpha  software"})
    assert done.status_code == 302
    assert (role_of(scope, world.member), role_of(scope, world.owner)) == ("owner", "admin")
    assert acts(scope)[-1] == "ownership_moved"


def test_ownership_is_shared(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    who = member_id(scope, world.member)
    client.post(at("ownership", scope, who), {"own_role": "owner", "name": "Alpha Software"})
    assert (role_of(scope, world.member), role_of(scope, world.owner)) == ("owner", "owner")
    assert client.post(at("team-leave", scope), {"leave": "test"}).status_code == 302
    assert role_of(scope, world.owner) is None


def test_ownership_asks_again_who_one_is(world):
    world.owner.set_password(PASSWORD)
    world.owner.save()
    scope, client = world.scope(), world.client(world.owner)
    remember_sign_in(client, time.time() - 3_600)
    who = member_id(scope, world.member)
    data = {"own_role": "admin", "name": "Alpha Software"}
    for answer in (client.get(at("ownership", scope, who)), client.post(at("ownership", scope, who), data)):
        assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True)
    assert role_of(scope, world.member) == "viewer"
    remember_sign_in(client, time.time())
    assert client.post(at("ownership", scope, who), data)["Location"] == at("team", scope)


def test_two_owners_who_demote_each_other_leave_one(world):
    scope = world.scope()
    second = add(scope, "second@people.test", "owner")
    pairs = [(world.owner, second), (second, world.owner)]
    for turn in range(6):
        with scope.transaction():
            Membership.objects.filter(user__in=[world.owner, second]).update(role="owner")
        clients = [(world.client(one), at("member", scope, member_id(scope, other))) for one, other in pairs]
        barrier, statuses = threading.Barrier(2), []

        def demote(client, path, barrier=barrier, statuses=statuses):
            barrier.wait()
            statuses.append(client.post(path, {"role": "viewer"}).status_code)
            connections.close_all()

        threads = [threading.Thread(target=demote, args=one) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        with scope.transaction():
            owners = Membership.objects.filter(role="owner").count()
        assert owners == 1, (turn, statuses)


def test_who_was_demoted_meanwhile_changes_nothing(world):
    """The role is read again under the lock, not taken from the page."""
    scope = world.scope(world.owner)
    add(scope, "second@people.test", "owner")
    who = member_id(scope, world.member)
    with scope.transaction():
        Membership.objects.filter(user=world.owner).update(role="viewer")
    with pytest.raises(team.Refused, match="Your role has changed meanwhile"):
        team.change_role(scope, None, who, "admin")
    assert role_of(scope, world.member) == "viewer"


def test_a_page_asks_little_of_the_database(world):
    scope, client = world.scope(), world.client(world.owner)
    for number in range(12):
        add(scope, f"many{number}@people.test", "viewer")
        invite(client, scope, f"asked{number}@people.test")
    for name in ("team", "settings-home", "roles", "developers"):
        client.get(at(name, scope))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(at(name, scope)).status_code == 200
        queries = [one["sql"] for one in asked.captured_queries if not re.match(OF_A_TRANSACTION, one["sql"])]
        assert len(queries) <= 12, (name, queries)


# --- The workspace itself ---------------------------------------------------------------------------------------------


def test_a_workspace_is_renamed(world):
    scope, client = world.scope(), world.client(world.owner)
    path = at("settings-home", scope)
    assert client.post(path, {"name": "  Alpha   Works "}).status_code == 302
    assert "Alpha Works" in words(client.get(path))
    assert acts(scope)[-1] == "workspace_renamed"
    for name, said in (
        ("x" * 10_240, "at most 120 signs; this has 10240"),
        ("---", "at least one letter"),
        ("", "Enter a name"),
    ):
        answer = client.post(path, {"name": name})
        assert (answer.status_code, said in words(answer)) == (422, True)
    assert acts(scope)[-2:] == ["workspace_renamed", "input_refused"], "the first of the three"
    shown = words(client.get(at("audit", scope)))
    assert "sent a form that was not taken" in shown
    assert "name has 10,240 characters" in shown
    assert "xxx" not in shown
    assert world.client(world.member).post(path, {"name": "Mine"}).status_code == 403


def test_a_name_with_markup_is_shown_as_it_is_typed(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    client.post(at("settings-home", scope), {"name": "<b>Alpha</b> & <script>x()</script>"})
    who = member_id(scope, world.member)
    for path in (
        at("settings-home", scope),
        at("team", scope),
        at("ownership", scope, who),
        at("member-remove", scope, who),
        at("team-leave", scope),
        at("developers", scope),
        reverse("workspaces"),
    ):
        page = client.get(path).content.decode()
        assert "&lt;b&gt;Alpha" in page, path
        assert "<b>Alpha" not in page, path


def test_another_workspace_is_opened_and_chosen(world):
    client = world.client(world.owner)
    answer = client.post(reverse("workspace-new"), {"name": "Alpha Labs"})
    assert answer.status_code == 302
    page = words(client.get(reverse("home")))
    assert "Alpha Labs" in page
    assert "Alpha Software" in page
    assert client.post(reverse("workspace-new"), {"name": "x" * 10_240}).status_code == 422
