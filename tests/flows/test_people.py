"""People over HTTP: sign-up by a link, sign-in, second factor, sessions, one's own account, a form sent too late."""

import base64
import html
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import signing
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pydantic import SecretStr

from connections import rotation, tenancy
from connections.audit import refusals
from connections.forms_links import ReturnsForm
from connections.mail import delivery
from connections.models import AuditEvent, Membership, Message, User
from mapping.forms_basis import BasisForm
from syncjobs.forms import StartForm
from tests.house.routes import routes
from tests.world import World

PASSWORD = "correct horse 9 staple"
NEW_PASSWORD = "another horse 7 clip"
ADA = "ada@people.test"


def browser(**headers: str) -> Client:
    """A browser that nobody is signed in with."""
    return Client(HTTP_HOST=settings.ALLOWED_HOSTS[0], **headers)


def with_password(person: User) -> User:
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(person: User, client: Client | None = None, password: str = PASSWORD) -> Client:
    client = client or browser()
    answer = client.post(reverse("account_login"), {"login": person.email, "password": password})
    assert answer.status_code == 302, words(answer)
    return client


def words(answer: Any) -> str:
    """What can be read in the page's main part."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


def last_text(to: str) -> str:
    message = Message.objects.filter(to=to).latest("created_at")
    return delivery.written(message).text


def link_in(text: str) -> str:
    found = re.search(re.escape(settings.PUBLIC_URL) + r"(/\S+)", text)
    assert found, text
    return found[1]


def acts(person: User | None = None) -> list[str]:
    rows = AuditEvent.objects.using("operator").filter(tenant=None).order_by("seq")
    return [
        row.action for row in rows if person is None or (row.detail or {})["who"].get("id") == str(person.pk)
    ]


def reasons(action: str) -> list[str]:
    """Of the deployment's events of a kind, the oldest first."""
    rows = AuditEvent.objects.using("operator").filter(tenant=None, action=action).order_by("seq")
    return [(row.detail or {})["new"]["reason"] for row in rows]


def code_now(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(datetime.now(UTC).timestamp()) // 30 + ahead))


def add_app(client: Client) -> str:
    """Add an authenticator app; answers its key."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'<code id="totp-secret">([A-Z2-7]+)</code>', page)
    assert secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret[1])})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    return secret[1]


def recovery_codes(client: Client) -> list[str]:
    page = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    return re.findall(r"\d{8}", page.partition('<code id="codes">')[2].partition("</code>")[0])


# --- Sign-up and the link ---------------------------------------------------------------------------------------


def sign_up(client: Client, email: str = ADA) -> Any:
    return client.post(
        reverse("account_signup"), {"email": email, "workspace": "Blue Door", "password1": PASSWORD}
    )


def test_sign_up_goes_through_the_link_of_the_message(database: None) -> None:
    client = browser()
    assert sign_up(client)["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    link = link_in(last_text(ADA))
    page = client.get(link)
    assert f"Is {ADA} yours?" in words(page)
    assert not EmailAddress.objects.get(email=ADA).verified, "looking at a link confirms nothing"
    before = client.session.session_key
    answer = client.post(link)
    assert answer.status_code == 302 and client.session["_auth_user_id"]
    assert client.session.session_key != before, "a session gets a new key with the sign-in"
    person = User.objects.get(email=ADA)
    [(tenant_id,)] = tenancy.find("find_memberships", person.pk)
    with tenancy.acting_for(tenant_id):
        assert Membership.objects.get(user=person).role == "owner"
    assert {"signed_up", "email_confirmed", "signed_in"} <= set(acts(person))
    assert "email_changed" not in acts(person), "it is the first address"


def test_the_link_works_on_another_device(database: None) -> None:
    sign_up(browser())
    other = browser()
    answer = other.post(link_in(last_text(ADA)), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert f"{ADA} is confirmed." in words(answer) and "_auth_user_id" not in other.session
    sign_in(User.objects.get(email=ADA), other)


def test_nobody_signs_in_before_the_address_is_confirmed(database: None) -> None:
    sign_up(browser())
    client = browser()
    answer = client.post(reverse("account_login"), {"login": ADA, "password": PASSWORD})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert client.get(reverse("me")).status_code == 302


def test_a_used_link_says_so(database: None) -> None:
    client = browser()
    sign_up(client)
    link = link_in(last_text(ADA))
    client.post(link)
    for answer in (browser().get(link), browser().post(link)):
        assert answer.status_code == 410 and "works once" in words(answer)
    assert acts().count("link_refused") == 2
    assert link.split("/")[-2] not in str(reasons("link_refused")), (
        "the key of a link is written down nowhere"
    )


def test_an_expired_link_offers_a_new_one(database: None) -> None:
    sign_up(browser())
    address = EmailAddress.objects.get(email=ADA)
    with time_machine.travel(datetime.now(UTC) - timedelta(days=4)):
        old = signing.dumps(address.pk, salt="account")
    link = reverse("account_confirm_email", args=[old])
    client = browser()
    page = client.get(link)
    assert page.status_code == 410 and "Send a new link" in words(page)
    assert reasons("link_refused") == ["expired"]
    count = Message.objects.filter(to=ADA).count()
    client.post(link, {"again": "1"})
    assert Message.objects.filter(to=ADA).count() == count, "one was sent less than a minute ago"
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        answer = client.post(link, {"again": "1"}, follow=True)
    assert Message.objects.filter(to=ADA).count() == count + 1
    assert "We sent you a message" in words(answer)


@pytest.mark.parametrize("key", ["MQ:abc", "x", "MQ:1abc:" + "a" * 2_000])
def test_a_link_that_never_was_says_what_to_do(database: None, key: str) -> None:
    answer = browser().get(reverse("account_confirm_email", args=[key]))
    assert answer.status_code == 404 and "Sign in" in words(answer)
    assert reasons("link_refused") == ["unknown"]


@pytest.mark.parametrize("password", ["short", "password12", "ada@people.tes"])
def test_rules_for_a_password(database: None, password: str) -> None:
    page = browser().get(reverse("account_signup"))
    assert "At least 10 characters" in words(page), "the rules stand there before the first try"
    data = {"email": ADA, "workspace": "Blue Door", "password1": password}
    answer = browser().post(reverse("account_signup"), data)
    assert "Check these answers" in words(answer) and not User.objects.filter(email=ADA).exists()


@pytest.mark.parametrize(
    ("name", "field", "value", "said"),
    [
        ("account_signup", "email", "ada@people.test\r\nBcc: eve@people.test", "valid email address"),
        ("account_signup", "email", "a" * 10_240 + "@people.test", "at most"),
        ("account_signup", "workspace", "x" * 10_240, "at most 120"),
        ("account_login", "login", "ada@people.test\nTo: eve@people.test", "valid email address"),
        ("account_reset_password", "email", "ada@people.test\r\nBcc: eve@people.test", "valid email address"),
        ("account_reset_password", "email", "a" * 10_240 + "@people.test", "valid email address"),
    ],
)
def test_what_nobody_types_is_refused_in_words_and_in_the_audit(
    database: None, name: str, field: str, value: str, said: str
) -> None:
    data = {"email": ADA, "login": ADA, "workspace": "Blue Door", "password": PASSWORD, "password1": PASSWORD}
    answer = browser().post(reverse(name), {**data, field: value})
    assert answer.status_code in {200, 422}
    assert said in words(answer), words(answer)
    assert not User.objects.exists() and not Message.objects.exists()
    (reason,) = reasons("input_refused")
    holds = "holds control characters" if len(value) < 5_000 else f"has {len(value):,} characters"
    assert reason == f"{field} {holds}"
    assert value[:80] not in str(list(AuditEvent.objects.using("operator").values_list("detail", flat=True)))


def test_a_slip_of_the_hand_is_not_in_the_audit(database: None) -> None:
    sign_up(browser(), "ada at people.test")
    assert acts() == []


def test_a_line_may_end_in_a_field_of_several_lines() -> None:
    found = [ReturnsForm, BasisForm, StartForm]
    names = {
        name
        for form in found
        for name, field in form.base_fields.items()
        if isinstance(field.widget, forms.Textarea)
    }
    assert names == refusals.OF_LINES
    for name in names:
        assert not refusals.strange(QueryDict(f"{name}=first%0D%0Asecond%0D%0A"))
        assert refusals.strange(QueryDict(f"{name}=first%00")) == f"{name} holds control characters"
    assert refusals.strange(QueryDict("email=a%0D%0ABcc")) == "email holds control characters"


def test_every_line_that_is_no_return_address_is_named() -> None:
    lines = ["nowhere", "https://app.example.com/back", "https://app.example.com/?a=b"]
    form = ReturnsForm({"addresses": "\r\n".join(lines)}, environment="test")
    assert form.errors["addresses"] == [
        "nowhere must begin with https:// and a host.",
        "https://app.example.com/?a=b stands here without its query.",
    ]


# --- Nobody learns who has an account here ----------------------------------------------------------------------


def alike(answer: Any) -> tuple[int, str, str]:
    text = re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="\w+"', "", answer.content.decode())
    return answer.status_code, answer.headers.get("Location", ""), text


def test_known_and_unknown_addresses_are_answered_alike(world: World) -> None:
    with_password(world.owner)
    known, unknown = world.owner.email, "nobody@people.test"
    for name, data in (
        ("account_login", {"password": "wrong horse 9 staple"}),
        ("account_signup", {"workspace": "Blue Door", "password1": PASSWORD}),
        ("account_reset_password", {}),
    ):
        answers = []
        for address in (known, unknown):
            client = browser()
            first = client.post(reverse(name), {"login": address, "email": address, **data})
            pages = [first, client.get(first["Location"])] if first.status_code == 302 else [first]
            answers.append(
                [(code, where, text.replace(address, "")) for code, where, text in map(alike, pages)]
            )
            assert Message.objects.filter(to=address).exists() or name == "account_login"
        assert answers[0] == answers[1], name


# --- The second factor ------------------------------------------------------------------------------------------


def test_an_authenticator_app_from_start_to_end(world: World) -> None:
    person = with_password(world.owner)
    client = sign_in(person)
    secret = add_app(client)
    stored = str(Authenticator.objects.values_list("data", flat=True))
    assert secret not in stored and "v1." in stored, "the key is sealed"
    codes = recovery_codes(client)
    assert len(codes) == 10
    download = client.get(reverse("mfa_download_recovery_codes"))
    assert all(code in download.content.decode() for code in codes)

    again = sign_in(person)
    assert "_auth_user_id" not in again.session
    wrong = again.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "That code is not right" in words(wrong)
    assert again.post(reverse("mfa_authenticate"), {"code": code_now(secret)}).status_code == 302
    assert again.session["_auth_user_id"] == str(person.pk)

    by_code = sign_in(person)
    by_code.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert by_code.session["_auth_user_id"] == str(person.pk)
    twice = sign_in(person)
    assert "not right" in words(twice.post(reverse("mfa_authenticate"), {"code": codes[0]}))
    assert "_auth_user_id" not in twice.session

    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists(), "recovery codes go with the last factor"
    assert {"mfa_added", "recovery_codes_made", "mfa_removed"} <= set(acts(person))
    assert "sign_in_failed" in acts()


def test_new_recovery_codes_void_the_old(world: World) -> None:
    person = with_password(world.owner)
    client = sign_in(person)
    add_app(client)
    old = recovery_codes(client)
    assert "10 codes you have left" in words(client.get(reverse("mfa_generate_recovery_codes")))
    client.post(reverse("mfa_generate_recovery_codes"))
    assert not set(old) & set(recovery_codes(client))
    again = sign_in(person)
    assert "not right" in words(again.post(reverse("mfa_authenticate"), {"code": old[0]}))


def test_operators_need_a_second_factor_in_production(world: World, settings_of: Any) -> None:
    person = with_password(world.owner)
    User.objects.filter(pk=person.pk).update(is_staff=True)
    client = sign_in(person)
    assert client.get("/admin/").status_code == 200
    settings_of(DEPLOYMENT="production")
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain == [(reverse("mfa_index"), 302)]
    assert "Operators need a second factor" in words(answer)
    add_app(client)
    assert client.get("/admin/").status_code == 200


def test_where_passkeys_do_not_work_the_page_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(with_password(world.owner))
    assert "Add a passkey" in words(client.get(reverse("mfa_index")))
    monkeypatch.setattr(settings, "PUBLIC_URL", "http://127.0.0.1:8000")
    page = words(client.get(reverse("mfa_index")))
    assert "not offered" in page and "Add a passkey" not in page


# --- Asked again ------------------------------------------------------------------------------------------------

SENSITIVE = (
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_generate_recovery_codes",
)


def grow_old(client: Client, seconds: int = 700) -> None:
    """As if the sign-in were some minutes ago."""
    session = client.session
    session["account_authentication_methods"] = [
        {**one, "at": one["at"] - seconds} for one in session["account_authentication_methods"]
    ]
    session.save()


@pytest.mark.parametrize("name", SENSITIVE)
def test_a_sensitive_page_asks_again_after_a_while(world: World, name: str) -> None:
    client = sign_in(with_password(world.owner))
    assert client.get(reverse(name)).status_code == 200, "whoever has just signed in is not asked"
    grow_old(client)
    answer = client.get(reverse(name))
    assert (
        answer["Location"] == f"{reverse('account_reauthenticate')}?next={reverse(name).replace('/', '%2F')}"
    )
    assert "Confirm it is you" in words(client.get(answer["Location"]))
    wrong = client.post(answer["Location"], {"password": "wrong horse 9 staple"})
    assert "That is not your password" in words(wrong)
    back = client.post(answer["Location"], {"password": PASSWORD, "next": reverse(name)})
    assert back["Location"] == reverse(name)
    assert client.get(reverse(name)).status_code == 200


def test_a_form_that_is_asked_for_again_is_kept(world: World) -> None:
    client = sign_in(with_password(world.owner))
    address = reverse("application", args=[world.tenant.pk, "test"])
    grow_old(client)
    form = {
        "client_id": "our-own-app",
        "client_secret": "sesame-canary",
        "flow": "code",
        "refresh_tokens": "rotating",
    }
    answer = client.post(address, form)
    asked = answer["Location"]
    kept = re.search(r"next=(.+)", asked)[1].replace("%2F", "/")
    assert kept.startswith("/me/kept/")
    session = Session.objects.get(session_key=client.session.session_key)
    assert "sesame-canary" not in str(session.get_decoded()) and "our-own-app" not in str(
        session.get_decoded()
    )
    assert client.post(asked, {"password": PASSWORD, "next": kept})["Location"] == kept
    page = client.get(kept)
    assert "You have shown who you are" in words(page) and "our-own-app" in words(page)
    body = page.content.decode()
    assert "sesame-canary" not in body and '<input type="password" name="client_secret"' in body


def test_a_new_address_holds_when_it_is_confirmed(world: World) -> None:
    person = with_password(world.owner)
    client = sign_in(person)
    add_app(client)  # whoever has a second factor may move too
    client.post(reverse("account_email"), {"email": "new@people.test", "action_add": ""})
    assert User.objects.get(pk=person.pk).email == "owner@people.test"
    assert "new@people.test waits for its confirmation" in words(client.get(reverse("me")))
    client.post(link_in(last_text("new@people.test")))
    assert User.objects.get(pk=person.pk).email == "new@people.test"
    assert "email_changed" in acts(person)
    assert "new@people.test" in last_text("owner@people.test"), "the old address is told"


def test_a_changed_password_ends_the_other_sessions(world: World) -> None:
    person = with_password(world.owner)
    here, there = sign_in(person), sign_in(person)
    data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post(reverse("account_change_password"), data)["Location"] == reverse("me")
    assert here.get(reverse("me")).status_code == 200
    assert there.get(reverse("me")).status_code == 302
    sign_in(person, password=NEW_PASSWORD)


def test_a_forgotten_password(world: World) -> None:
    person = with_password(world.owner)
    client = browser()
    client.post(reverse("account_reset_password"), {"email": person.email})
    link = link_in(last_text(person.email))
    answer = client.get(link, follow=True)
    form = answer.redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    sign_in(person, password=NEW_PASSWORD)
    assert "no longer works" in words(browser().get(link, follow=True))
    assert "password_reset" in acts(person)
    assert reasons("link_refused") == ["used or expired"]


# --- Sessions ---------------------------------------------------------------------------------------------------

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_a_session_is_ended_from_the_list(world: World) -> None:
    person = with_password(world.owner)
    here, there = sign_in(person), sign_in(person, browser(HTTP_USER_AGENT=FIREFOX))
    there.get(reverse("me"))
    page = words(here.get(reverse("usersessions_list")))
    assert "Firefox on Windows" in page and "This one" in page
    row = UserSession.objects.get(user_agent=FIREFOX)
    assert here.post(reverse("session-end", args=[row.pk])).status_code == 302
    assert there.get(reverse("me")).status_code == 302
    assert here.get(reverse("me")).status_code == 200
    assert "session_revoked" in acts(person)


def test_all_other_sessions_are_ended_at_once(world: World) -> None:
    person = with_password(world.owner)
    here, *others = [sign_in(person) for _ in range(4)]
    for client in (here, *others):
        client.get(reverse("me"))
    assert words(here.get(reverse("usersessions_list"))).count("Last seen") == 4
    answer = here.post(reverse("usersessions_list"), follow=True)
    assert "3 other sessions ended" in answer.content.decode()
    assert words(answer).count("Last seen") == 1
    assert [client.get(reverse("me")).status_code for client in others] == [302] * 3
    assert here.get(reverse("me")).status_code == 200
    assert acts(person).count("session_revoked") == 1


def test_what_is_over_is_not_listed(world: World) -> None:
    person = with_password(world.owner)
    here, expired, changed = [sign_in(person) for _ in range(3)]
    for client in (here, expired, changed):
        client.get(reverse("me"))
    Session.objects.filter(session_key=expired.session.session_key).update(expire_date=datetime.now(UTC))
    session = changed.session
    session["_auth_user_hash"] = "of the password before"
    session.save()
    assert "1 browser signed in" in words(here.get(reverse("me")))
    assert words(here.get(reverse("usersessions_list"))).count("Last seen") == 1


def test_nobody_ends_a_session_of_somebody_else(world: World) -> None:
    theirs = sign_in(with_password(world.stranger))
    theirs.get(reverse("me"))
    row = UserSession.objects.get(user=world.stranger)
    client = sign_in(with_password(world.owner))
    assert client.post(reverse("session-end", args=[row.pk])).status_code == 404
    assert theirs.get(reverse("me")).status_code == 200


def test_one_write_in_five_minutes_tells_when_a_session_was_seen(world: World, monkeypatch: Any) -> None:
    client = sign_in(with_password(world.owner))
    client.get(reverse("me"))
    first = UserSession.objects.get().last_seen_at
    client.get(reverse("me"))
    assert UserSession.objects.get().last_seen_at == first
    session = client.session
    session["seen_at"] -= 301
    session.save()
    client.get(reverse("me"))
    assert UserSession.objects.get().last_seen_at > first


# --- One's own account ------------------------------------------------------------------------------------------


def test_ones_own_account(world: World) -> None:
    client = sign_in(with_password(world.owner))
    page = words(client.get(reverse("me")))
    assert "Alpha Software" in page and "you are its owner" in page and "owner@people.test" in page
    assert "a stolen password would be enough" in page
    assert client.post(reverse("me"), {"name": "  Ada   Owner "}).status_code == 302
    assert User.objects.get(pk=world.owner.pk).name == "Ada Owner"
    bad = client.post(reverse("me"), {"name": "a" * 10_000})
    assert bad.status_code == 422 and "Error:" in bad.content.decode()


# --- A form sent too late ---------------------------------------------------------------------------------------


def late(client: Client, address: str, form: dict[str, Any], **headers: str) -> Any:
    """The session ends while the form is open; then it is sent."""
    Session.objects.all().delete()
    return client.post(address, form, **headers)


def test_a_form_outlives_its_session(world: World) -> None:
    person = with_password(world.owner)
    client = sign_in(person)
    client.get(reverse("me"))
    answer = late(client, reverse("me"), {"name": "Ada Kept"})
    assert answer["Location"].startswith(reverse("account_login") + "?next=/me/kept/")
    kept = answer["Location"].partition("next=")[2]
    back = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": kept})
    assert back["Location"] == kept
    page = client.get(kept)
    assert "Your form is still here" in words(page) and "Ada Kept" in words(page)
    assert User.objects.get(pk=person.pk).name == "", "nothing is sent by itself"
    body = page.content.decode()
    assert 'action="/me/"' in body
    data = {"name": "Ada Kept", "kept_form": kept.split("/")[-2]}
    assert client.post(reverse("me"), data).status_code == 302
    assert User.objects.get(pk=person.pk).name == "Ada Kept"
    assert client.get(kept).status_code == 404, "it was sent"


def test_a_kept_form_is_shown_to_nobody_else(world: World) -> None:
    client = sign_in(with_password(world.owner))
    client.get(reverse("me"))
    kept = late(client, reverse("me"), {"name": "Ada Kept"})["Location"].partition("next=")[2]
    sign_in(with_password(world.stranger), client)
    answer = client.get(kept)
    assert answer.status_code == 404 and "Ada Kept" not in words(answer)
    assert sign_in(with_password(world.owner)).get(kept).status_code == 404, "another browser"


def test_a_kept_form_ends_after_half_an_hour(world: World) -> None:
    client = sign_in(with_password(world.owner))
    client.get(reverse("me"))
    kept = late(client, reverse("me"), {"name": "Ada Kept"})["Location"].partition("next=")[2]
    sign_in(world.owner, client)
    session = client.session
    session["kept_forms"] = [{**one, "until": one["until"] - 1_801} for one in session["kept_forms"]]
    session.save()
    assert client.get(kept).status_code == 404


def test_what_is_not_kept(world: World) -> None:
    client = sign_in(with_password(world.owner))
    client.get(reverse("me"))
    never_here = browser()
    login = f"{reverse('account_login')}?next=/me/"
    assert never_here.post(reverse("me"), {"name": "Ada"})["Location"] == login, "nobody was signed in here"
    assert late(client, reverse("me"), {"name": "Ada"}, HTTP_ORIGIN="https://evil.test")["Location"] == login
    assert late(client, reverse("me"), {"name": "a" * 65_000})["Location"] == login, "too long"


def test_a_form_whose_token_is_old_is_kept(world: World) -> None:
    person = with_password(world.owner)
    client = Client(enforce_csrf_checks=True, HTTP_HOST=settings.ALLOWED_HOSTS[0])
    client.force_login(person)
    client.get(reverse("me"))
    answer = client.post(reverse("me"), {"name": "Ada Kept", "csrfmiddlewaretoken": "a" * 64})
    assert answer.status_code == 302 and answer["Location"].startswith("/me/kept/")
    assert "before your last sign-in" in words(client.get(answer["Location"]))
    evil = client.post(reverse("me"), {"name": "Eve"}, HTTP_ORIGIN="https://evil.test")
    assert evil.status_code == 403 and "out of date" in words(evil)
    assert User.objects.get(pk=person.pk).name == ""


def test_htmx_goes_to_sign_in_as_a_whole(world: World) -> None:
    client = sign_in(with_password(world.owner))
    client.get(reverse("me"))
    Session.objects.all().delete()
    place = reverse("workspace-home", args=[world.tenant.pk, "test"])
    there = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": settings.PUBLIC_URL + place}
    answer = client.get(place, **there)
    assert answer.status_code == 200 and not answer.content
    assert answer["HX-Redirect"] == f"{reverse('account_login')}?next={place}"
    answer = client.post(reverse("me"), {"name": "Ada"}, **there)
    assert answer["HX-Redirect"].startswith(f"{reverse('account_login')}?next=/me/kept/")


# --- Every page of allauth's is dressed as ours -----------------------------------------------------------------


def addresses_of_allauth() -> list[str]:
    """Every address under /accounts/, with values where it takes some."""
    return [
        route.address({"key": "MQ:abc"})
        for route in routes("public", "signed-in")
        if route.pattern.startswith("accounts/") and route.pattern != "accounts/2fa/webauthn/login/"
    ]


@pytest.mark.parametrize("who", ["nobody", "somebody", "somebody with a factor"])
def test_every_page_of_sign_in_is_dressed(world: World, who: str) -> None:
    client = browser()
    if who != "nobody":
        sign_in(with_password(world.owner), client)
    if who.endswith("factor"):
        add_app(client)
    seen = 0
    for address in addresses_of_allauth():
        for method in ("get", "post"):
            if method == "post" and address == reverse("account_logout"):
                continue
            answer = getattr(client, method)(address, {})
            assert answer.status_code < 500, address
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                text = answer.content.decode()
                assert 'id="page-title"' in text and "css/patchbay.css" in text, address
                assert " · Patchbay</title>" in text and text.count("<h1") == 1, address
                seen += 1
    assert seen >= (8 if who == "nobody" else 12), seen


# --- Without mail -----------------------------------------------------------------------------------------------


def test_without_mail_nothing_waits_for_a_message(
    world: World, settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(EMAIL_OFF=True)
    monkeypatch.setattr(settings, "ACCOUNT_EMAIL_VERIFICATION", "none", raising=False)
    client = browser()
    assert sign_up(client).status_code == 302 and client.session["_auth_user_id"]
    assert "sends no mail" in words(client.get(reverse("account_email")))
    assert "The operator of this Patchbay can set a new one" in words(browser().get(reverse("account_login")))
    assert "sends no mail" in words(browser().get(reverse("account_reset_password")))
    add_app(client)
    assert not Message.objects.exists()


def test_the_key_ring_is_turned_for_second_factors_too(world: World, settings_of: Any) -> None:
    person = with_password(world.owner)
    secret = add_app(sign_in(person))
    old = settings.ENV.SECRETS_KEYS.get_secret_value()
    new = "newer:" + base64.b64encode(os.urandom(32)).decode()
    settings_of(SECRETS_KEYS=SecretStr(f"{new},{old}"))
    rotation.rotate()
    settings_of(SECRETS_KEYS=SecretStr(new))
    again = sign_in(person)
    assert again.post(reverse("mfa_authenticate"), {"code": code_now(secret)}).status_code == 302
