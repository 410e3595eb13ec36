"""Messages as rows: written or refused, delivered as written, tried again, taken over, and told to who waits."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import allauth
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from pydantic import SecretStr

from config import mailserver
from connections import mail, rotation, vault
from connections.mail import delivery, writing
from connections.models import Message
from syncjobs import retention
from tests.mailserver import CUT, MailServer

KINDS = sorted(path.stem for path in Path("templates/mail").glob("*.txt") if path.stem != "foot")
PUBLIC = settings.PUBLIC_URL
BY_CODE = {"login_code", "password_reset_code"}
CONTEXT = {
    "activate_url": f"{PUBLIC}/confirm/canary-key/",
    "password_reset_url": f"{PUBLIC}/reset/canary-key/",
    "signup_url": f"{PUBLIC}/signup/",
    "sign_in_url": f"{PUBLIC}/sign-in/",
    "reset_url": f"{PUBLIC}/reset/",
    "link": f"{PUBLIC}/invitations/canary-key/",
    "confirm_for": "3 days",
    "reset_for": "1 hour",
    "from_email": "old@people.test",
    "to_email": "new@people.test",
    "deleted_email": "gone@people.test",
    "when": "2026-01-02 03:04 UTC",
    "client_address": "192.0.2.7",
    "browser": "Netscape 4 <b>bold</b>",
    "inviter": "Olive <o'brien@people.test>",
    "workspace": "Bread & Butter",
    "role": "marketer",
    "role_sentence": "Connects accounts, and imports people.",
    "expires_at": "2026-02-03 04:05 UTC",
    "operator": "op@people.test",
    "environment": "test",
    "place": "hooks.people.test",
    "why": "none of its deliveries arrived for 5 days",
}


@pytest.fixture
def server(database, settings_of):
    with MailServer() as found:
        settings_of(EMAIL_URL=SecretStr(found.url), EMAIL_FROM="Patchbay <patchbay@sender.test>")
        yield found


def write(to="ada@people.test", kind="password_reset_key"):
    return mail.send(kind, to, {**CONTEXT, "code": "B4X-9QT"} if kind in BY_CODE else CONTEXT)


def of(message):
    return Message.objects.get(pk=message.pk)


def make_due(message):
    Message.objects.filter(pk=message.pk).update(not_before=datetime.now(UTC), lease_until=None)


class Words(HTMLParser):
    """The words and links of a body."""

    def __init__(self, html):
        super().__init__()
        self.words, self.links, self.tags, self._inside = [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._inside = self._inside or tag == "body"
        self.links += [value for name, value in attrs if name == "href"]
        assert not any(name in {"src", "background"} or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        if self._inside:
            self.words += data.split()


# --- As rendered ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_delivered_with_the_same_words_in_both_parts(server, kind):
    message = write(kind=kind)
    assert delivery.send_due() == 1
    (taken,) = server.messages
    assert taken["Subject"] == message.subject and "\n" not in message.subject
    assert taken["To"] == "ada@people.test" and taken["From"].endswith("<patchbay@sender.test>")
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"] == f"<{message.pk}@sender.test>"
    assert [part.get_content_type() for part in taken.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in taken.iter_parts())
    seen = Words(html)
    assert " ".join(seen.words).replace(" :", ":") == " ".join(text.split())
    assert set(seen.links) == set(re.findall(rf"^({re.escape(PUBLIC)}/\S+)$", text, re.MULTILINE))
    assert "img" not in seen.tags and "b" not in seen.tags
    assert "{{" not in text and not re.search(
        r": *$|  |\n\n\n", text.replace(":\nhttp", "\nhttp"), re.MULTILINE
    )
    assert not re.search(r"\b(please|sorry|oops)\b|!", text, re.IGNORECASE)


def test_no_name_that_a_text_asks_for_is_missing_from_this_test():
    for kind in KINDS:
        source = Path(f"templates/mail/{kind}.txt").read_text()
        assert set(re.findall(r"{{ (\w+)", source)) - {"code"} <= set(CONTEXT), kind


def test_every_message_that_allauth_may_send_has_words_of_ours():
    """Found in its source, so that a new one fails here and not in front of a person."""
    source = Path(allauth.__file__).parent
    asked = set()
    for app in ("account", "mfa", "usersessions"):
        for path in (source / app).rglob("*.py"):
            asked |= set(re.findall(rf'"{app}/email/(\w+)"', path.read_text()))
    assert len(asked) >= 16
    assert asked <= set(KINDS)


def test_a_code_stands_in_the_place_of_a_link(database):
    text = writing.write("email_confirmation", {**CONTEXT, "activate_url": "", "code": "B4X-9QT"})
    assert "B4X-9QT" in text.text and "B4X-9QT" in text.html
    assert "holds for" not in text.text


def test_what_people_wrote_begins_no_line_and_no_link(database):
    evil = "Eve\r\nBcc: all@people.test\n\nSee the invitation:\nhttps://evil.test/ \u202etxt.exe\x00"
    text = writing.write("invitation", {**CONTEXT, "workspace": evil, "inviter": "x" * 10_000})
    assert len(text.subject) <= 200
    assert not [line for line in text.text.splitlines() if line.startswith(("Bcc:", "https://evil"))]
    assert Words(text.html).links == [CONTEXT["link"]]
    assert "https://evil" not in text.text + text.html and "\u202e" not in text.text


# --- Refused before a row -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        "ada@people.test\r\nBcc: eve@people.test",
        "ada@people.test\n",
        "ada@people.test\x00",
        "ada@people.test, eve@people.test",
        "ada@people.test;eve@people.test",
        "Ada <ada@people.test>",
        "a" * 300 + "@people.test",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused(server, to):
    with pytest.raises(ValueError, match="one plain e-mail address"):
        write(to)
    assert not Message.objects.exists()


@pytest.mark.parametrize("subject", ["", "one\r\nBcc: eve@people.test", "one\ntwo", "one\x00"])
def test_a_subject_is_one_line(subject):
    with pytest.raises(ValueError, match="one line"):
        mail.check_subject(subject)


def test_without_mail_nothing_is_written(database, settings_of):
    settings_of(EMAIL_OFF=True)
    assert not mail.is_on() and mail.outbox_url() == ""
    with pytest.raises(mail.Off):
        write()
    assert not Message.objects.exists()
    assert mail.fate(None).word == "No mail"


# --- Row first ----------------------------------------------------------------------------------------------


def test_a_message_goes_with_its_callers_transaction(server):
    def fail():
        with transaction.atomic():
            write()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Message.objects.exists()
    assert delivery.send_due() == 0


def test_the_text_is_sealed_for_its_row_and_gone_once_sent(server):
    message = write()
    with connections["operator"].cursor() as cursor:
        cursor.execute("SELECT to_jsonb(one)::text FROM connections_message one")
        (row,) = cursor.fetchone()
    assert "canary-key" not in row and json.loads(row)["body_sealed"].startswith("v1.")
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(message.body_sealed, delivery.place(write().pk))
    delivery.send_due()
    assert of(message).body_sealed == ""


def test_the_key_ring_turns_under_a_waiting_message(server, settings_of):
    message = write()
    old = settings.ENV.SECRETS_KEYS.get_secret_value()
    settings_of(SECRETS_KEYS=SecretStr(f"new:{'A' * 43}=,{old}"))
    assert not rotation.rotate().stuck
    assert of(message).body_sealed.startswith("v1.new.")
    assert delivery.send_due() == 1


# --- Delivered, again, failed --------------------------------------------------------------------------------


def test_one_connection_takes_many(server):
    for number in range(5):
        write(f"ada{number}@people.test")
    assert delivery.send_due() == 5
    assert (server.connections, len(server.messages)) == (1, 5)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_who_waits_is_told_each_state(server):
    message = write()
    assert (mail.fate(message).word, mail.fate(message).is_final) == ("On its way", False)
    delivery.send_due()
    fate = mail.fate(of(message))
    assert (fate.word, fate.is_final) == ("Sent", True) and "ada@people.test" in fate.sentence and fate.at


def test_a_421_is_tried_again(server):
    server.answers["RCPT"] = "421 busy, come back"
    message = write()
    assert delivery.send_due() == 0
    row = of(message)
    assert (row.state, row.reason, row.last_error) == ("queued", "later", "421 busy, come back")
    assert 55 < (row.not_before - datetime.now(UTC)).total_seconds() <= 60
    assert not mail.fate(row).is_final and "tried again" in mail.fate(row).sentence
    assert delivery.send_due() == 0, "it is not due yet"
    server.answers.clear()
    make_due(message)
    assert delivery.send_due() == 1
    assert (of(message).state, of(message).last_error) == ("sent", "")


def test_a_450_holds_up_nobody_else(server):
    server.answers["RCPT"] = "450 greylisted"
    write("grey@people.test")
    write("second@people.test")
    delivery.send_due()
    assert list(Message.objects.values_list("attempts", flat=True)) == [1, 1]


def test_a_server_that_is_not_there_is_asked_once(database, settings_of):
    with MailServer() as gone:
        url = gone.url
    settings_of(EMAIL_URL=SecretStr(url))
    messages = [write(f"ada{number}@people.test") for number in range(3)]
    assert delivery.send_due() == 0
    rows = [of(one) for one in messages]
    assert sorted(row.attempts for row in rows) == [0, 0, 1]
    assert all(row.state == "queued" and row.not_before > datetime.now(UTC) for row in rows)
    (tried,) = [row for row in rows if row.attempts]
    assert tried.reason == "server" and "127.0.0.1" not in tried.last_error
    assert "does not answer" in mail.fate(tried).sentence


@pytest.mark.parametrize("verb", ["HELLO", "MAIL", "RCPT", "DATA", "END"])
def test_a_cut_connection_is_tried_again_under_the_same_number(server, verb):
    server.answers[verb] = CUT
    server.takes_before_it_cuts = True
    message = write()
    delivery.send_due()
    assert (of(message).state, of(message).reason) == ("queued", "server")
    server.answers.clear()
    make_due(message)
    assert delivery.send_due() == 1
    # Only where the answer was lost can it have come twice, and then a reader's program sees that it is the same.
    assert len(server.messages) == (2 if verb == "END" else 1)
    assert {one["Message-ID"] for one in server.messages} == {f"<{message.pk}@sender.test>"}


@pytest.mark.parametrize(("verb", "reason"), [("RCPT", "refused"), ("END", "content")])
def test_a_refusal_for_good_fails_at_once_and_is_told(server, verb, reason):
    server.answers[verb] = "550 5.1.1 no\tsuch \x1b[31muser " + "x" * 500
    message = write()
    delivery.send_due()
    row = of(message)
    assert (row.state, row.reason, row.attempts) == ("failed", reason, 1)
    assert row.last_error.startswith("550 5.1.1 no such [31muser") and len(row.last_error) <= 200
    fate = mail.fate(row)
    assert fate.is_final and fate.word == "Not delivered" and fate.sentence == mail.REASONS[reason]
    assert row.body_sealed, "an operator may send it again"
    server.answers.clear()
    assert mail.send_again(row) and delivery.send_due() == 1
    assert not mail.send_again(row), "it has gone"


def test_what_an_operator_can_mend_is_tried_for_a_day(server, settings_of):
    settings_of(EMAIL_URL=SecretStr(server.url.replace("smtp://", "smtp://user:se%40cret@")))
    server.answers["AUTH"] = "535 5.7.8 bad credentials"
    message = write()
    for attempt, pause in enumerate(delivery.PAUSES, start=1):
        make_due(message)
        delivery.send_due()
        row = of(message)
        assert (row.state, row.attempts, row.reason) == ("queued", attempt, "login")
        assert abs((row.not_before - datetime.now(UTC)).total_seconds() - pause) < 5
        assert "cret" not in row.last_error
    make_due(message)
    delivery.send_due()
    assert of(message).state == "failed"
    assert sum(delivery.PAUSES) == 86_400


def test_a_password_is_used_as_it_was_before_it_was_encoded(server, settings_of):
    settings_of(EMAIL_URL=SecretStr(server.url.replace("smtp://", "smtp://me%40x:a%2Fb%3F@")))
    write()
    assert delivery.send_due() == 1
    (auth,) = [command for command in server.commands if command.startswith("AUTH")]
    assert mailserver.parse(settings.ENV.EMAIL_URL.get_secret_value()).password == "a/b?"
    assert auth.startswith("AUTH PLAIN AG1lQHgAYS9iPw==")


# --- Claims --------------------------------------------------------------------------------------------------


def test_a_worker_killed_between_claim_and_sending_is_taken_over(server):
    message = write()
    claimed = delivery.claim_next()
    assert claimed.pk == message.pk and delivery.send_due() == 0, "it is still claimed"
    Message.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert delivery.send_due() == 1
    assert (of(message).state, of(message).attempts, len(server.messages)) == ("sent", 2, 1)
    # The one that was thought dead wakes up, and changes nothing any more.
    delivery._settle(claimed, delivery.Failure("refused", "550", is_final=True))
    assert of(message).state == "sent"


def test_many_workers_send_once(server):
    for number in range(6):
        write(f"ada{number}@people.test")
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        delivery.send_due()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(one["To"] for one in server.messages) == [f"ada{n}@people.test" for n in range(6)]


def test_drain_sends_without_a_broker(server, capsys):
    message = write()
    call_command("drain")
    assert of(message).state == "sent"
    assert "1 message sent, 0 still waiting." in capsys.readouterr().out


# --- Kept for a while ----------------------------------------------------------------------------------------


def test_what_did_not_go_is_kept_for_a_week(server, settings_of):
    failed, sent = write(), write()
    settings_of(EMAIL_URL=SecretStr(""))
    kept = write()
    assert of(kept).state == "kept"
    Message.objects.filter(pk=failed.pk).update(state="failed")
    Message.objects.filter(pk=sent.pk).update(state="sent", body_sealed="")
    now = datetime.now(UTC)
    retention.tidy(now + timedelta(days=6))
    assert of(failed).body_sealed and of(kept).body_sealed
    retention.tidy(now + timedelta(days=8))
    assert not of(failed).body_sealed and not Message.objects.filter(pk=kept.pk).exists()
    retention.tidy(now + timedelta(days=91))
    assert not Message.objects.exists()


def test_what_waited_when_the_server_was_taken_away_is_kept(server, settings_of):
    message = write()
    settings_of(EMAIL_URL=SecretStr(""))
    assert delivery.send_due() == 1
    assert of(message).state == "kept" and of(message).body_sealed


# --- EMAIL_URL and EMAIL_FROM ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtps://u:p@mail.test", "mail.test", 465, "tls"),
        ("smtp://u:p@mail.test?tls=starttls", "mail.test", 587, "starttls"),
        ("smtp://mail.test:2525", "mail.test", 2525, "none"),
        ("smtp://[::1]/?timeout=3", "::1", 25, "none"),
    ],
)
def test_an_address_of_a_mail_server(url, host, port, security):
    found = mailserver.parse(url)
    assert (found.host, found.port, found.security) == (host, port, security)
    assert "password" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "mail.test",
        "http://mail.test",
        "smtp://",
        "smtp://mail.test:0",
        "smtp://mail.test:99999",
        "smtp://u:hunter2@[bad",
        "smtp://u:hunter2@mail.test",
        "smtp://u@mail.test?tls=starttls",
        "smtp://u:hunter2@mail.test/x?tls=starttls",
        "smtp://u:hunter2@mail.test?tls=ssl",
        "smtps://u:hunter2@mail.test?tls=starttls",
        "smtps://u:hunter2@mail.test?verify=no",
        "smtps://u:hunter2@mail.test?timeout=nan",
        "smtps://u:hunter2@mail.test?timeout=0",
        "smtps://u:hunter2@mail.test?timeout=1&timeout=2",
        "smtps://u:hun%0ater2@mail.test",
    ],
)
def test_what_is_no_mail_server_is_refused_with_a_cure(url):
    with pytest.raises(ValueError, match="EMAIL_URL") as refusal:
        mailserver.parse(url)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["a@b.test", "Patchbay <a@b.test>", '"Bay, Patch" <a@b.test>', "a@localhost"]
)
def test_a_sender(text):
    mailserver.check_sender(text)


@pytest.mark.parametrize(
    "text",
    ["Patchbay", "a@", "@b.test", "a@b.test, c@d.test", "A <a@b.test>\nBcc: c@d.test", "<a@b.test", "a b@c"],
)
def test_what_is_no_sender_is_refused(text):
    with pytest.raises(ValueError, match="EMAIL_FROM is one address"):
        mailserver.check_sender(text)
