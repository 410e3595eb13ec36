"""The front door: the public address, its certificate, and what the proxy in front makes of a request."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from config.doctor import greeting, wire
from config.doctor.findings import Check, Look

LEAST_DAYS: Final = 14
OTHER_NAME: Final = "doctor.invalid"
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
PROXY: Final = "README, Production, shows a proxy's settings."


def is_secured(look: Look) -> bool:
    """Whether the address is https; in development it need not be."""
    if settings.SECURE:
        return True
    look.note("PUBLIC_URL is http, so there is no TLS to look at.")
    return False


def certificate(look: Look) -> None:
    """TLS as a browser sees it."""
    if not is_secured(look):
        return
    parts = urlsplit(settings.PUBLIC_URL)
    host, port = parts.hostname or "", wire.port_of(parts)
    try:
        ends = wire.certificate(host, port, wire.trust())
    except wire.NoAnswer as error:
        look.fault(
            f"{settings.PUBLIC_URL} cannot be reached from here: {error}.",
            "Point the name at your proxy, let the proxy listen on that port with TLS, and open the firewall; "
            "or correct PUBLIC_URL.",
        )
        return
    except wire.BadCertificate as error:
        look.fault(
            f"{settings.PUBLIC_URL} is not trusted: {error}.",
            f"Give the proxy a certificate for {host}, with its chain, from an authority that browsers know.",
        )
        return
    left = ends - datetime.now(UTC)
    look.note(f"The certificate is valid until {ends:%Y-%m-%d}.")
    if left < timedelta(days=LEAST_DAYS):
        look.fault(
            f"The certificate of {host} ends on {ends:%Y-%m-%d}, in {max(0, left.days)} days.",
            "Renew it, and find out why it was not renewed by itself.",
            stops=False,
        )


def answering(look: Look) -> None:
    """The public address leads here, and not to another deployment."""
    word = secrets.token_urlsafe(16)
    address = f"{settings.PUBLIC_URL}/healthz?{greeting.PARAMETER}={greeting.question(word)}"
    try:
        more = {greeting.UNDERSCORED: "1"}
        found = wire.get(address, seconds=look.options.answer_seconds, more=more)
    except (wire.NoAnswer, wire.BadCertificate) as error:
        look.fault(
            f"{settings.PUBLIC_URL}/healthz gives no answer: {error}.",
            "Start the web server behind the proxy.",
        )
        return
    try:
        said = json.loads(found.body) if found.status == 200 else {}
        signed = str(said.get(greeting.PARAMETER, ""))
    except (ValueError, AttributeError):
        said, signed = {}, ""
    seen = greeting.read(signed, word)
    if seen is not None:
        look.facts["forwarded"], look.facts["headers"] = seen.forwarded, found.headers
        look.facts["underscored"] = seen.underscored
    elif said.get("status") == "ok":
        look.fault(
            f"A Patchbay answers at {settings.PUBLIC_URL}, but one with another SECRET_KEY, or an older version.",
            "Give every process the same settings, restart them, and see that PUBLIC_URL names this deployment.",
        )
    else:
        look.fault(
            f"{settings.PUBLIC_URL}/healthz answers {found.status}, and not as Patchbay does.",
            "Let the proxy hand every path on to Patchbay's web server, start that server, or correct PUBLIC_URL.",
        )


def forwarding(look: Look) -> None:
    """How many proxies stand in front, by what arrived."""
    seen, wanted = look.facts.get("forwarded"), settings.ENV.TRUSTED_PROXIES
    look.note(f"{seen} addresses in X-Forwarded-For, {wanted} expected.")
    if seen != wanted:
        look.fault(
            f"A request arrives with {seen} addresses in X-Forwarded-For, and TRUSTED_PROXIES is {wanted}: login "
            "limits and the audit would name a proxy's address, or one that the caller made up.",
            f"Set TRUSTED_PROXIES={seen} if that many proxies of yours stand in front, or let each of them add the "
            f"caller's address to X-Forwarded-For. {PROXY}",
        )


def header_names(look: Look) -> None:
    """Nobody's X_Forwarded_For is taken for the proxy's X-Forwarded-For: to the web server both are one name."""
    if not settings.ENV.TRUSTED_PROXIES:
        look.note("No proxy is trusted, so X-Forwarded-For says nothing.")
    elif look.facts.get("underscored"):
        look.fault(
            "The proxy hands on headers with an underscore in their names: by X_Forwarded_For a caller chooses the "
            "address that login limits and the audit see.",
            f"Let the proxy drop them; nginx does so where underscores_in_headers is off. {PROXY}",
        )


def host_name(look: Look) -> None:
    """The proxy hands the name on that people typed."""
    found = wire.get(f"{settings.PUBLIC_URL}/docs/", seconds=look.options.answer_seconds)
    if found.status == 400 or found.status in REDIRECTS:
        look.fault(
            f"{settings.PUBLIC_URL}/docs/ answers {found.status}: the proxy hands on another Host than "
            f"{urlsplit(settings.PUBLIC_URL).hostname}.",
            f"Let the proxy pass the Host header on as it came. {PROXY}",
        )
    elif found.status != 200:
        look.fault(
            f"{settings.PUBLIC_URL}/docs/ answers {found.status} in place of a page.",
            "Look into the web server's log for the reason, and let the proxy hand every path on.",
        )


def other_names(look: Look) -> None:
    """A page is shown under its own name only."""
    if not is_secured(look):
        return
    found = wire.get(f"{settings.PUBLIC_URL}/docs/", host=OTHER_NAME, seconds=look.options.answer_seconds)
    if found.status == 200 and found.headers.get("X-Request-Id"):
        look.fault(
            f"The proxy shows Patchbay under the name {OTHER_NAME} too: it replaces the Host that it was asked for.",
            f"Let the proxy pass the Host header on as it came, and refuse names that are not yours. {PROXY}",
        )


def strict_transport(look: Look) -> None:
    """Browsers are told to come by https only."""
    if not is_secured(look):
        return
    headers = look.facts.get("headers")
    value = str(headers.get("Strict-Transport-Security", "")) if hasattr(headers, "get") else ""
    if "max-age=" not in value or "max-age=0" in value.replace(" ", ""):
        look.fault(
            "The header Strict-Transport-Security does not arrive: Patchbay sends it, so the proxy takes it away.",
            "Let the proxy pass Patchbay's headers on.",
        )


def plain_http(look: Look) -> None:
    """Who comes by http is sent to https."""
    if not is_secured(look):
        return
    parts = urlsplit(settings.PUBLIC_URL)
    port = look.options.http_port or (None if parts.port else 80)
    if port is None:
        look.note("PUBLIC_URL has a port of its own; --http-port says where plain http is answered.")
        return
    address = f"http://{parts.hostname}{'' if port == 80 else f':{port}'}/docs/"
    try:
        found = wire.get(address, seconds=look.options.answer_seconds)
    except wire.NoAnswer as error:
        look.note(f"Nothing is served by plain http ({error}), which is safe.")
        return
    if found.status not in REDIRECTS or not found.headers.get("Location", "").startswith("https://"):
        look.fault(
            f"{address} answers {found.status} in place of a redirect to https.",
            f"Let the proxy answer plain http with a redirect to {settings.PUBLIC_URL} and nothing else. {PROXY}",
        )


CHECKS = (
    Check("certificate", "The public address can be reached and its certificate is good.", certificate),
    Check(
        "public address", "The public address leads to this deployment.", answering, needs=("certificate",)
    ),
    Check(
        "proxies", "TRUSTED_PROXIES is the number of proxies in front.", forwarding, needs=("public address",)
    ),
    Check(
        "header names",
        "No header of a caller's is taken for the proxy's.",
        header_names,
        needs=("public address",),
    ),
    Check("host name", "The proxy hands the Host on.", host_name, needs=("public address",)),
    Check(
        "other names", "No page is shown under a name that is not ours.", other_names, needs=("host name",)
    ),
    Check(
        "strict transport",
        "Browsers are told to use https only.",
        strict_transport,
        needs=("public address",),
    ),
    Check("plain http", "Plain http is sent to https.", plain_http, needs=("certificate",)),
)
