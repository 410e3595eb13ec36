"""Messages to people: written as a row in the caller's transaction, sent by a job, with words for who waits.

    message = mail.send("invitation", "ada@example.com", {...})   # ValueError, or mail.Off, before a row is written
    mail.fate(message)                                            # what became of it, in words
    mail.is_on()                                                  # whether this deployment sends mail at all
    mail.outbox_url()                                             # where messages land in development, else ""

A new kind is one file, `templates/mail/<kind>.txt` (see `writing`); give texts, numbers and addresses of
ours as context. Bodies are sealed, and dropped once sent.

A page where somebody waits for a message includes `parts/awaited.html`, which shows the fate of the last message that
this browser caused (`wait_for` keeps its id in the session; `people.adapter` does so for allauth's) and keeps it
fresh until it is final; without JavaScript it is a link to the page `mail-awaited`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from connections import tasks
from connections.mail import delivery, writing
from connections.models import Message

AWAITED: Final = "awaited_message"
LONGEST_ADDRESS: Final = 254
# What people read when a message waits or has failed; the keys are those of `delivery.Failure`.
REASONS: Final[dict[str, str]] = {
    "refused": "The mail server says that there is no such address. Look for a typing error, then try again.",
    "content": "The mail server refused the message. Tell the operator of this Patchbay.",
    "later": "The mail server of that address asked to come back later.",
    "server": "The mail server does not answer.",
    "login": "The mail server does not accept Patchbay's own sign-in. Tell the operator of this Patchbay.",
    "sender": "The mail server does not accept Patchbay as a sender. Tell the operator of this Patchbay.",
    "key": "The message cannot be opened. Tell the operator of this Patchbay.",
    "gone": "The message is not kept any more. Ask for a new one.",
}
SLOW_SECONDS: Final = 60


class Off(Exception):
    """This Patchbay sends no mail (EMAIL_OFF); what needs it should not have been offered."""


@dataclass(frozen=True)
class Fate:
    """What became of a message, for who waits: a state of the glossary, its word, a sentence, and where to look."""

    status: str
    word: str
    sentence: str
    is_final: bool = True
    at: datetime | None = None
    at_label: str = ""
    url: str = ""


def is_on() -> bool:
    """Whether messages can be written at all."""
    return not settings.ENV.EMAIL_OFF


def keeps() -> bool:
    """Whether messages stay here, in the outbox: development without a mail server."""
    return settings.ENV.keeps_mail


def outbox_is_open() -> bool:
    """Whether anybody may read the outbox: only where nobody but this machine reaches Patchbay."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return keeps() and (host in {"127.0.0.1", "::1", "localhost"} or host.endswith(".localhost"))


def outbox_url() -> str:
    """The outbox's address for who waits for a message, or ""."""
    return reverse("outbox") if outbox_is_open() else ""


def send(kind: str, to: str, context: Mapping[str, object]) -> Message:
    """Write a message in the caller's transaction; it is sent after the commit.

    Args:
        kind: a file of `templates/mail/`.
        to: one plain address.
        context: what its text names.

    Raises:
        ValueError: `to` is not one plain address, or the subject is not one line.
        Off: this Patchbay sends no mail.
    """
    if not is_on():
        raise Off("This Patchbay sends no mail: EMAIL_OFF is set.")
    check_address(to)
    text = writing.write(kind, context)
    check_subject(text.subject)
    key = uuid.uuid4()
    message = Message.objects.create(
        pk=key,
        kind=kind,
        to=to,
        subject=text.subject,
        body_sealed=delivery.seal(key, text),
        state=Message.State.KEPT if keeps() else Message.State.QUEUED,
        not_before=datetime.now(UTC),
    )
    if message.state == Message.State.QUEUED:
        transaction.on_commit(tasks.ring_mail)
    return message


def send_again(message: Message) -> bool:
    """Let a failed message start anew; False if it has not failed, or its text is gone."""
    again = delivery.send_again(message)
    if again:
        transaction.on_commit(tasks.ring_mail)
    return again


def check_address(to: str) -> None:
    """One plain address.

    Raises:
        ValueError: it is none, or more than one, or would begin a header of its own.
    """
    try:
        if len(to) > LONGEST_ADDRESS or not to.isprintable():
            raise ValidationError("unreadable")
        validate_email(to)
    except ValidationError:
        raise ValueError("A message goes to one plain e-mail address, such as ada@example.com.") from None


def check_subject(subject: str) -> None:
    """One line with words in it.

    Raises:
        ValueError: it is not.
    """
    if not subject or not subject.isprintable():
        raise ValueError("A subject is one line of text without control characters.")


def wait_for(request: HttpRequest, message: Message) -> None:
    """This browser waits for that message; `mail-awaited` shows it what becomes of it."""
    request.session[AWAITED] = str(message.pk)


def awaited(request: HttpRequest) -> Message | None:
    """The message that this browser waits for."""
    key = request.session.get(AWAITED)
    return Message.objects.defer("body_sealed").filter(pk=key).first() if key else None


def fate(message: Message | None) -> Fate:
    """What became of a message, for who waits for it; None is a message that was never written."""
    if not is_on():
        return Fate("failed", "No mail", "This Patchbay sends no mail. Ask its operator for another way.")
    if message is None:
        return Fate("info", "No message", "No message is on its way to you from this browser.")
    if message.state == Message.State.SENT:
        return Fate(
            "done",
            "Sent",
            f"The message to {message.to} has left. Nothing after five minutes? Look in the spam folder.",
            at=message.sent_at,
            at_label="Sent",
        )
    if message.state == Message.State.KEPT:
        url = reverse("outbox-message", args=[message.pk]) if outbox_is_open() else ""
        return Fate(
            "done", "In the outbox", "No mail leaves this machine: the message is in the outbox.", url=url
        )
    if message.state == Message.State.FAILED:
        return Fate("failed", "Not delivered", _why(message, "The message could not be delivered."))
    return _not_yet(message)


def _not_yet(message: Message) -> Fate:
    if message.reason:
        again = "It is tried again by itself."
        return Fate(
            "waiting",
            "Waiting",
            f"{_why(message, 'The message did not go yet.')} {again}",
            is_final=False,
            at=message.not_before,
            at_label="Next try",
        )
    if (datetime.now(UTC) - message.created_at).total_seconds() > SLOW_SECONDS:
        said = "The message has not left yet. If this goes on, tell the operator of this Patchbay."
        return Fate("waiting", "Waiting", said, is_final=False, at=message.created_at, at_label="Written")
    return Fate("queued", "On its way", f"The message to {message.to} is being sent.", is_final=False)


def _why(message: Message, otherwise: str) -> str:
    return REASONS.get(message.reason, otherwise)
