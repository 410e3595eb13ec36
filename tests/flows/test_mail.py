"""Mail as people meet it: the outbox, what became of a message, what allauth sends, and the operators' test message."""

import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pydantic import SecretStr

from connections import mail
from connections.mail import delivery
from connections.models import AuditEvent, Message, User
from tests.mailserver import MailServer

PASSWORD = "correct horse 9 staple"


@pytest.fixture(autouse=True)
def nobody_asked_before():
    """The limits on asking for messages count in the cache, and outlive the tables of a test."""
    cache.clear()


@pytest.fixture
def server(database, settings_of):
    with MailServer() as found:
        settings_of(EMAIL_URL=SecretStr(found.url), EMAIL_FROM="Patchbay <patchbay@sender.test>")
        yield found


@pytest.fixture
def anonymous(database):
    return Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])


@pytest.fixture
def ada(database):
    return User.objects.create_user("ada@people.test", PASSWORD)


def ask_for_a_password(client, address="ada@people.test"):
    answer = client.post(reverse("account_reset_password"), {"email": address})
    assert answer.status_code == 302, answer.content.decode()
    return Message.objects.first()


def text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


# --- The outbox ----------------------------------------------------------------------------------------------


def test_in_development_every_message_lands_in_the_outbox(anonymous, ada):
    assert "No message yet" in text(anonymous.get("/outbox/"))
    assert mail.outbox_url() == "/outbox/"
    message = ask_for_a_password(anonymous)
    assert message.state == "kept" and delivery.send_due() == 0
    page = anonymous.get("/outbox/")
    assert "Choose a new password" in text(page) and "ada@people.test" in text(page)
    one = anonymous.get(reverse("outbox-message", args=[message.pk]))
    (link,) = set(re.findall(r'href="(http[^"]+/password/reset/key/[^"]+)"', one.content.decode()))
    assert link.startswith(settings.PUBLIC_URL)
    assert "&lt;html lang=&quot;en&quot;&gt;" in one.content.decode(), "the HTML part is shown, not obeyed"
    path = link.removeprefix(settings.PUBLIC_URL)
    assert anonymous.get(path, follow=True).status_code == 200


def test_the_newest_is_first(anonymous):
    for name in ("ada", "bea", "cleo"):
        mail.send("test_message", f"{name}@people.test", {"operator": name})
    shown = text(anonymous.get("/outbox/"))
    assert shown.index("cleo@") < shown.index("bea@") < shown.index("ada@")


def test_the_outbox_takes_no_query_a_message(anonymous):
    def taken():
        from django.db import connection

        with CaptureQueriesContext(connection) as queries:
            anonymous.get("/outbox/")
        assert not [query for query in queries if "body_sealed" in query["sql"]]
        return len(queries)

    mail.send("test_message", "ada@people.test", {"operator": "ada"})
    before = taken()
    for _ in range(5):
        mail.send("test_message", "ada@people.test", {"operator": "ada"})
    assert taken() == before


@pytest.mark.parametrize(
    "change",
    [
        {"EMAIL_URL": SecretStr("smtp://127.0.0.1:9")},
        {"EMAIL_OFF": True},
        {"DEPLOYMENT": "production"},
    ],
    ids=["a mail server", "no mail", "production"],
)
def test_elsewhere_there_is_no_outbox(anonymous, ada, settings_of, change):
    message = ask_for_a_password(anonymous)
    settings_of(**change)
    assert mail.outbox_url() == ""
    for address in ("/outbox/", reverse("outbox-message", args=[message.pk])):
        assert anonymous.get(address).status_code == 404
    ada.is_staff = True
    ada.save()
    anonymous.force_login(ada)
    assert anonymous.get("/outbox/").status_code == 404


def test_where_others_reach_a_development_only_operators_read_it(anonymous, ada, monkeypatch):
    message = ask_for_a_password(anonymous)
    monkeypatch.setattr(settings, "PUBLIC_URL", "http://patchbay.lan:8000")
    assert mail.outbox_url() == ""
    address = reverse("outbox-message", args=[message.pk])
    # The middleware has read its public address at the start; the view alone decides here.
    assert anonymous.get("/outbox/").status_code == anonymous.get(address).status_code == 404
    anonymous.force_login(ada)
    assert anonymous.get(address).status_code == 404
    ada.is_staff = True
    ada.save()
    assert anonymous.get(address).status_code == 200


def test_a_message_that_was_sent_is_not_in_the_outbox(anonymous, server, ada, settings_of):
    message = ask_for_a_password(anonymous)
    delivery.send_due()
    settings_of(EMAIL_URL=SecretStr(""))
    assert "No message yet" in text(anonymous.get("/outbox/"))
    assert anonymous.get(reverse("outbox-message", args=[message.pk])).status_code == 404


# --- Who waits ----------------------------------------------------------------------------------------------


def fragment(client):
    return client.get(reverse("mail-awaited"), headers={"HX-Request": "true"}).content.decode()


def test_who_waits_sees_it_go(anonymous, server, ada):
    ask_for_a_password(anonymous)
    waiting = fragment(anonymous)
    assert "On its way" in waiting and 'hx-trigger="every 3s"' in waiting and "<html" not in waiting
    page = anonymous.get(reverse("mail-awaited"))
    assert 'http-equiv="refresh"' in page.content.decode() and "On its way" in text(page)
    delivery.send_due()
    assert "Sent" in fragment(anonymous) and "hx-trigger" not in fragment(anonymous)
    assert 'http-equiv="refresh"' not in anonymous.get(reverse("mail-awaited")).content.decode()


def test_a_failure_is_shown_to_who_waits(anonymous, server, ada):
    server.answers["RCPT"] = "550 5.1.1 <internal-host-7> no such user"
    ask_for_a_password(anonymous)
    delivery.send_due()
    shown = fragment(anonymous)
    assert "Not delivered" in shown and "typing error" in shown and "hx-trigger" not in shown
    assert "internal-host-7" not in shown


def test_in_development_it_leads_to_the_message(anonymous, ada):
    message = ask_for_a_password(anonymous)
    assert reverse("outbox-message", args=[message.pk]) in fragment(anonymous)


def test_nobody_sees_the_message_of_another_browser(anonymous, ada):
    ask_for_a_password(anonymous)
    other = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
    assert "No message" in fragment(other) and "ada@" not in fragment(other)


def test_whether_an_address_has_an_account_shows_nowhere(anonymous, server, ada):
    """Neither in the answer, nor in what becomes of the message, nor in whether there is one."""
    seen = []
    for address in ("ada@people.test", "nobody@people.test"):
        client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
        page = client.post(reverse("account_reset_password"), {"email": address}, follow=True)
        before = fragment(client)
        delivery.send_due()
        found = [page.content.decode(), before, fragment(client)]
        seen.append([re.sub(r"csrf-token\" content=\"\w+|T[\d:.]+|\d\d:\d\d", "", one) for one in found])
    assert seen[0][0] == seen[1][0]
    for known, unknown in zip(seen[0][1:], seen[1][1:], strict=True):
        assert known.replace("ada@", "") == unknown.replace("nobody@", "")
    assert [one["Subject"] for one in server.messages] == [
        "Choose a new password",
        "No account with this address",
    ]


# --- What allauth sends ---------------------------------------------------------------------------------------


def test_a_message_says_from_where_it_was_asked(anonymous, server, ada):
    anonymous.post(
        reverse("account_reset_password"),
        {"email": "ada@people.test"},
        headers={"User-Agent": "Netscape\r\nBcc: eve@people.test"},
    )
    delivery.send_due()
    (taken,) = server.messages
    assert taken["Bcc"] is None and taken["To"] == "ada@people.test"
    body = taken.get_body(("plain",)).get_content()
    assert "From: 127.0.0.1" in body and "Browser: Netscape Bcc: eve@people.test" in body


def test_without_mail_a_changed_password_is_still_changed(anonymous, ada, settings_of):
    settings_of(EMAIL_OFF=True)
    from allauth.account.adapter import get_adapter

    get_adapter().send_mail("account/email/password_changed", "ada@people.test", {})
    assert not Message.objects.exists()
    assert "sends no mail" in fragment(anonymous)


# --- Operators -----------------------------------------------------------------------------------------------


@pytest.fixture
def operator(world):
    person = User.objects.create_user("operator@people.test", PASSWORD, is_staff=True)
    return world.client(person)


def test_an_operator_sends_a_test_message(operator, server):
    index = reverse("admin:connections_message_changelist")
    assert "Send a test message to operator@people.test" in text(operator.get(index))
    answer = operator.post(reverse("admin:connections_message_test"), follow=True)
    assert "Waiting" in text(answer) and 'http-equiv="refresh"' in answer.content.decode()
    delivery.send_due()
    (taken,) = server.messages
    assert (taken["To"], taken["Subject"]) == ("operator@people.test", "A test message from Patchbay")
    page = operator.get(reverse("admin:connections_message_change", args=[Message.objects.get().pk]))
    assert "has left" in text(page) and 'http-equiv="refresh"' not in page.content.decode()
    assert AuditEvent.objects.using("operator").filter(action="mail_tested").count() == 1


def test_a_test_message_is_asked_for_by_a_form_alone(operator, world, anonymous, server):
    address = reverse("admin:connections_message_test")
    assert operator.get(address).status_code == 405
    assert world.client(world.owner).post(address).status_code == 403
    assert anonymous.post(address).status_code == 302
    assert not Message.objects.exists()


def test_what_failed_is_sent_again(operator, server, ada, anonymous):
    server.answers["RCPT"] = "550 no such user"
    message = ask_for_a_password(anonymous)
    delivery.send_due()
    page = reverse("admin:connections_message_change", args=[message.pk])
    assert "550 no such user" in text(operator.get(page)) and "Send again" in text(operator.get(page))
    server.answers.clear()
    form = {"action": "send_again", "_selected_action": str(message.pk), "from_page": "message"}
    answer = operator.post(reverse("admin:connections_message_changelist"), form, follow=True)
    assert "On their way again: 1." in text(answer)
    assert delivery.send_due() == 1
    answer = operator.post(reverse("admin:connections_message_changelist"), form, follow=True)
    assert "Left as they were: 1." in text(answer)


def test_without_mail_there_is_no_test(operator, settings_of):
    settings_of(EMAIL_OFF=True)
    index = reverse("admin:connections_message_changelist")
    assert "Send a test message" not in text(operator.get(index))
    assert "EMAIL_OFF is set" in text(operator.post(reverse("admin:connections_message_test"), follow=True))
    assert not Message.objects.exists()
