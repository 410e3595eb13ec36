"""E-mail: the server of EMAIL_URL answers, lets us in and takes our sender."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from django.conf import settings

from config.doctor import wire
from config.doctor.findings import Check, Look
from config.mailserver import MailServer

SECONDS: Final = 5.0


def mail(look: Look) -> None:
    """Sign in and name the sender; send something only to an address that was given."""
    env = settings.ENV
    server = env.mail_server
    if env.EMAIL_OFF:
        look.note("EMAIL_OFF is set: nobody is sent anything, and what needs mail is hidden.")
        return
    if server is None or not env.EMAIL_FROM:
        look.note("No mail server: in development every message lands on the outbox page.")
        return
    try:
        with opened(server) as session:
            _talk(look, session, server)
    except ssl.SSLCertVerificationError as error:
        look.fault(
            f"The mail server {server.host} is not trusted: {error.verify_message}.",
            "Name it in EMAIL_URL as its certificate does, or give it a good certificate.",
        )
    except smtplib.SMTPNotSupportedError:
        look.fault(
            f"The mail server {server.host} offers no STARTTLS on port {server.port}.",
            "Use smtps:// with its TLS port, or the server's port for submission, in EMAIL_URL.",
        )
    except smtplib.SMTPAuthenticationError as error:
        look.fault(
            f"The mail server {server.host} refuses user or password ({error.smtp_code}).",
            "Correct user and password in EMAIL_URL, percent-encoded where they hold / ? # or @.",
        )
    except (OSError, smtplib.SMTPException) as error:
        look.fault(
            f"The mail server {server.host}:{server.port} gives no answer to work with: {_reason(error)}.",
            "Correct EMAIL_URL, start the server, or let this machine open connections to it; or set EMAIL_OFF=1.",
        )


def opened(server: MailServer) -> smtplib.SMTP:
    """A session that is encrypted and signed in as EMAIL_URL says."""
    seconds = min(SECONDS, server.timeout)
    context = ssl.create_default_context()  # whom messages themselves are entrusted to
    if server.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=seconds)
    if server.security == "starttls":
        session.starttls(context=context)
    if server.user:
        session.login(server.user, server.password)
    return session


def _talk(look: Look, session: smtplib.SMTP, server: MailServer) -> None:
    sender = parseaddr(settings.ENV.EMAIL_FROM)[1]
    session.ehlo_or_helo_if_needed()
    code, _ = session.mail(sender)
    session.rset()
    if code >= 400:
        look.fault(
            f"The mail server {server.host} does not take {sender} as a sender ({code}).",
            "Set EMAIL_FROM to an address that this server may send for.",
        )
    elif look.options.mail_to:
        message = EmailMessage()
        message["From"], message["To"] = settings.ENV.EMAIL_FROM, look.options.mail_to
        message["Subject"] = "A test of Patchbay's mail"
        message.set_content(f"This message was sent by manage.py doctor of {settings.PUBLIC_URL}.\n")
        session.send_message(message)
        look.note(f"A test message was handed over for {look.options.mail_to}.")


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it says {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refuses the address of --mail-to"
    if isinstance(error, smtplib.SMTPException):
        return "it does not speak SMTP as it should"
    return wire.reason(error)


CHECKS = (Check("mail", "The mail server lets us in and takes our sender.", mail),)
