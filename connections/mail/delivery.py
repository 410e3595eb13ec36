"""Sends what waits in the table of messages: claimed by one conditional UPDATE, tried for a day, sealed until then.

Promises: no transaction is open while the mail server is talked to; a message goes out twice only where its answer
was lost, or its worker died before it could write the answer down, and then under the same Message-ID; a server that
does not answer is asked once a minute, not once a message; of a failure the row keeps words, a code and the server's
own line, never a password.
"""

import logging
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import F, Q

from connections import vault
from connections.constantcontact.redaction import Secret
from connections.mail import writing
from connections.models import Message

log = logging.getLogger(__name__)

# Longer than a Celery task may run (100 s): who still sends then has been ended.
LEASE_SECONDS: Final = 120
# After the first try; about a day in all.
PAUSES: Final = (60, 300, 1_800, 7_200, 21_600, 21_600, 33_840)
SERVER_PAUSE_SECONDS: Final = 60
BODY_DAYS: Final = 7
ROW_DAYS: Final = 90
LONGEST_ERROR: Final = 200
MOST_DUE: Final = 20


@dataclass(frozen=True)
class Failure:
    """Why a message did not go: `reason` is a key of `mail.REASONS`, the text is for operators."""

    reason: str
    text: str
    is_final: bool = False
    is_the_servers: bool = False


def place(message_id: UUID) -> vault.Place:
    """Where the sealed body of a message belongs."""
    return vault.Place(None, message_id, "body")


def due(now: datetime) -> Q:
    """Messages that may be claimed: their time has come, or their worker went silent."""
    waiting = Q(state=Message.State.QUEUED)
    silent = Q(state=Message.State.SENDING, lease_until__lt=now)
    return Q(state__in=[Message.State.QUEUED, Message.State.SENDING], not_before__lte=now) & (
        waiting | silent
    )


def send_due(for_seconds: float = 40.0) -> int:
    """Send what is due, for about so long; the number of messages handed over."""
    if settings.ENV.EMAIL_OFF or not Message.objects.filter(due(datetime.now(UTC))).exists():
        return 0
    sent, ends = 0, time.monotonic() + for_seconds
    with _door() as door:
        while time.monotonic() < ends and (message := claim_next()) is not None:
            failure = _hand_over(message, door)
            _settle(message, failure)
            sent += failure is None
            if failure is not None and failure.is_the_servers:
                _leave_the_server_alone()
                break
    return sent


def claim_next() -> Message | None:
    """The next due message, claimed; None if nothing is due or others were quicker."""
    now = datetime.now(UTC)
    for key in (
        Message.objects.filter(due(now)).order_by("not_before").values_list("pk", flat=True)[:MOST_DUE]
    ):
        taken = Message.objects.filter(due(now), pk=key).update(
            state=Message.State.SENDING,
            attempts=F("attempts") + 1,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
        )
        if taken:
            return Message.objects.get(pk=key)
    return None


def send_again(message: Message) -> bool:
    """Let a failed message whose text is still there start anew, as if just written."""
    again = (
        Message.objects.filter(pk=message.pk, state=Message.State.FAILED)
        .exclude(body_sealed="")
        .update(
            state=Message.State.QUEUED, attempts=0, not_before=datetime.now(UTC), reason="", last_error=""
        )
    )
    return again == 1


def written(message: Message) -> writing.Written | None:
    """What a message says, while it is kept.

    Raises:
        CannotOpen: its key is gone from the ring.
    """
    if not message.body_sealed:
        return None
    packed = vault.open_sealed(message.body_sealed, place(message.pk))
    return writing.unpack(message.subject, packed.reveal())


def seal(message_id: UUID, text: writing.Written) -> str:
    """A message's bodies, for its row."""
    return vault.seal(Secret(text.pack()), place(message_id))


def tidy(now: datetime) -> None:
    """Let go of texts that did not go out within a week, and of rows after three months."""
    rows = Message.objects.using("operator")
    rows.filter(state=Message.State.KEPT, created_at__lt=now - timedelta(days=BODY_DAYS)).delete()
    rows.filter(state=Message.State.FAILED, created_at__lt=now - timedelta(days=BODY_DAYS)).update(
        body_sealed=""
    )
    rows.filter(created_at__lt=now - timedelta(days=ROW_DAYS)).delete()


@contextmanager
def _door() -> Iterator[EmailBackend | None]:
    """The mail server, opened by the first message and closed after the last; None where there is none."""
    server = settings.ENV.mail_server
    if server is None:
        yield None
        return
    door = EmailBackend(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.security == "starttls",
        use_ssl=server.security == "tls",
        timeout=server.timeout,
    )
    try:
        yield door
    finally:
        _close(door)


def _close(door: EmailBackend) -> None:
    # A server may have hung up already, and says so once more here.
    with suppress(OSError):
        door.close()


def _hand_over(message: Message, door: EmailBackend | None) -> Failure | None:
    if door is None:
        return None
    try:
        text = written(message)
        if text is None:
            return Failure("gone", "The text of the message is not kept any more.", is_final=True)
        door.open()
        door.send_messages([_as_mail(message, text)])
    except vault.CannotOpen as error:
        return Failure("key", str(error))
    except (OSError, UnicodeError) as error:  # every SMTPException is an OSError
        _close(door)
        return explain(error)
    return None


def _as_mail(message: Message, text: writing.Written) -> EmailMultiAlternatives:
    sender = settings.ENV.EMAIL_FROM or settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2]
    headers = {"Message-ID": f"<{message.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(text.subject, text.text, sender, [message.to], headers=headers)
    mail.attach_alternative(text.html, "text/html")
    return mail


def explain(error: Exception) -> Failure:
    """What an error of smtplib means. Only what the server says of this one address or message is the message's."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, line = next(iter(error.recipients.values()))
        return _answered("refused" if code >= 500 else "later", code, line, is_final=code >= 500)
    if isinstance(error, smtplib.SMTPDataError):
        final = error.smtp_code >= 500
        return _answered("content" if final else "later", error.smtp_code, error.smtp_error, is_final=final)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _answered("login", error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _answered("sender", error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered("server", error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Failure(
            "server", "The mail server does not offer what EMAIL_URL asks of it.", is_the_servers=True
        )
    if isinstance(error, UnicodeError):
        return Failure("refused", "The address cannot be written in a message.", is_final=True)
    return Failure("server", f"No answer from the mail server ({_kind_of(error)}).", is_the_servers=True)


def _answered(reason: str, code: int, line: bytes | str, *, is_final: bool = False) -> Failure:
    text = line.decode(errors="replace") if isinstance(line, bytes) else str(line)
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    # 421 is the server closing its door to everybody, whatever it was asked.
    the_servers = not is_final and (reason in {"login", "sender", "server"} or code == 421)
    return Failure(reason, f"{code} {text}"[:LONGEST_ERROR], is_final, the_servers)


def _kind_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up"
    if isinstance(error, TimeoutError):
        return "time ran out"
    return str(getattr(error, "strerror", "") or type(error).__name__)[:80]


def _settle(message: Message, failure: Failure | None) -> None:
    """Write down what became of it, unless somebody else has taken the message over since."""
    changes: dict[str, Any] = {"lease_until": None, "reason": "", "last_error": ""}  # Any: values of columns
    if failure is None and settings.ENV.mail_server is None:
        changes |= {"state": Message.State.KEPT}
    elif failure is None:
        changes |= {"state": Message.State.SENT, "sent_at": datetime.now(UTC), "body_sealed": ""}
    else:
        changes |= {"reason": failure.reason, "last_error": failure.text} | _what_next(message, failure)
        log.warning("message %s (%s) did not go: %s", message.pk, message.kind, failure.reason)
    Message.objects.filter(pk=message.pk, state=Message.State.SENDING, attempts=message.attempts).update(
        **changes
    )


def _what_next(message: Message, failure: Failure) -> dict[str, Any]:  # Any: values of columns
    if failure.is_final or message.attempts > len(PAUSES):
        return {"state": Message.State.FAILED}
    pause = timedelta(seconds=PAUSES[message.attempts - 1])
    return {"state": Message.State.QUEUED, "not_before": datetime.now(UTC) + pause}


def _leave_the_server_alone() -> None:
    """The others would only wait for the same silence."""
    now = datetime.now(UTC)
    Message.objects.filter(state=Message.State.QUEUED, not_before__lte=now).update(
        not_before=now + timedelta(seconds=SERVER_PAUSE_SECONDS)
    )
