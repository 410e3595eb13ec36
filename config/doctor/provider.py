"""Constant Contact: our application as stored and as registered, the way to its servers, and the clocks."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import certifi
from django.conf import settings

from config.doctor import database, wire
from config.doctor.findings import Check, Look
from connections import gateway, provisioning, vault
from connections.constantcontact.redaction import revealed
from connections.links import linking
from connections.models import ProviderApp

OPERATOR: Final = "operator"
MOST_DRIFT: Final = timedelta(seconds=30)
ENSURE: Final = "Run manage.py ensure_defaults."
STORED: Final = ("client_id", "flow", "refresh_tokens", "authorize_url", "token_url", "revoke_url", "api_url")
GO_LIVE: Final = "/docs/go-live/ leads through it."


def live_row() -> ProviderApp | None:
    """The deployment's own live application, as it is stored."""
    rows = ProviderApp.objects.using(OPERATOR).select_related("pool")
    return rows.filter(tenant=None, kind="live").first()


def applications(look: Look) -> None:
    """What is stored is what the settings say."""
    for sentence in provisioning.misplaced():
        look.fault(
            sentence,
            "Where a workspace brought it, its admin brings it again; otherwise as the sentence says.",
        )
    wanted, row = provisioning.live_application(), live_row()
    if wanted is None:
        _without_client_id(look)
    elif row is None:
        look.fault("The live application of the settings is not stored yet.", ENSURE)
    elif different := _differences(row, wanted):
        look.fault(
            f"The stored live application is not that of the settings; different: {', '.join(different)}.",
            f"{ENSURE} It takes over what the settings say now.",
        )
    if wanted is not None and row is not None:
        look.note(f"The redirect URI to enter at Constant Contact is {linking.redirect_uri(row)}.")


def _without_client_id(look: Look) -> None:
    brought = ProviderApp.objects.using(OPERATOR).filter(kind="live").exclude(tenant=None).exists()
    if settings.PRODUCTION and not brought:
        look.fault(
            "CONSTANT_CONTACT_CLIENT_ID is not set, and no workspace brought an application: live can link nothing.",
            f"Make an application there, set its client id and secret, and run manage.py ensure_defaults. "
            f"{GO_LIVE}",
        )
    else:
        look.note("No live application of the deployment's own: CONSTANT_CONTACT_CLIENT_ID is not set.")


def _differences(row: ProviderApp, wanted: provisioning.Application) -> list[str]:
    env = settings.ENV
    different = [name for name in STORED if getattr(row, name) != getattr(wanted, name)]
    secret = vault.open_sealed(row.client_secret_sealed, gateway.secret_place(row))
    if revealed(secret) != revealed(wanted.client_secret):
        different.append("client_secret")
    limits = (row.pool.calls_per_second, row.pool.calls_per_day, row.pool.token_calls_per_second)
    if limits != (env.CALLS_PER_SECOND, env.CALLS_PER_DAY, env.TOKEN_CALLS_PER_SECOND):
        different.append("limits")
    return different


def endpoints(look: Look) -> None:
    """Every server of the provider's can be reached, and is who it should be."""
    if provisioning.live_application() is None:
        return
    # The same trust as the calls themselves have.
    context = wire.trust(settings.ENV.CONSTANT_CONTACT_CA_FILE or certifi.where())
    env = settings.ENV
    named = {
        urlsplit(url).netloc: url for url in (env.CONSTANT_CONTACT_TOKEN_URL, env.CONSTANT_CONTACT_API_URL)
    }
    for parts in map(urlsplit, named.values()):
        if parts.scheme != "https":
            look.note(f"{parts.netloc} is plain http, as only development allows.")
            continue
        try:
            wire.certificate(parts.hostname or "", wire.port_of(parts), context)
        except wire.NoAnswer as error:
            look.fault(
                f"{parts.netloc} cannot be reached from here: {error}.",
                "Let this machine open connections to it (DNS, firewall, outgoing port 443), or correct the "
                "CONSTANT_CONTACT_..._URL settings.",
            )
        except wire.BadCertificate as error:
            look.fault(
                f"{parts.netloc} is not trusted: {error}.",
                "Find out who answers in its place (a proxy that opens TLS, a wrong address). A CA file is "
                "for test servers only.",
            )


def client_id(look: Look) -> None:
    """The token endpoint knows our id and secret: it refuses a made-up token, and not us."""
    app = live_row()
    if provisioning.live_application() is None or app is None:
        return
    proof = gateway.prove(app)
    look.facts["provider_date"] = proof.date
    where = urlsplit(app.token_url).netloc
    if proof.said == "invalid_grant":
        return
    if proof.said == "invalid_client":
        look.fault(
            f"{where} does not know the client id {app.client_id} with this secret (invalid_client).",
            "Copy both again from the application there; a secret that was made anew ends the former one at "
            "once. Then run manage.py ensure_defaults. Check CONSTANT_CONTACT_FLOW as well.",
        )
    elif proof.said in {"", "wrong_shape"}:
        look.fault(
            f"{where} answers a token request with something else than JSON: this is not the token endpoint.",
            "Correct CONSTANT_CONTACT_TOKEN_URL: an address of a web page answers 200 to everything.",
        )
    elif proof.said in {"held_back", "throttled"}:
        look.note("Other token calls were before us; client id and secret were not tried.")
    else:
        look.fault(
            f"{where} gave no answer to trust: {proof.said}, status {proof.status or 'none'}. {proof.message}".strip(),
            "Try again in some minutes. If it stays, compare CONSTANT_CONTACT_TOKEN_URL with Constant Contact's page.",
        )


def simulator(look: Look) -> None:
    """The test environment has somebody to speak to, where the settings say so."""
    origin = settings.ENV.SIMULATOR_URL
    if not origin:
        look.note("SIMULATOR_URL is not set: the test environment links nothing.")
        return
    cure = "Start it (manage.py simulator), correct SIMULATOR_URL, or unset it to do without the test environment."
    try:
        found = wire.get(f"{origin}/_sim/apps", seconds=look.options.answer_seconds)
    except (wire.NoAnswer, wire.BadCertificate) as error:
        look.fault(f"The simulator at {origin} gives no answer: {error}.", cure)
        return
    if found.status != 200:
        look.fault(f"{origin} answers {found.status}, and not as the simulator does.", cure)
    elif not ProviderApp.objects.using(OPERATOR).filter(tenant=None, kind="test").exists():
        look.fault("The simulator's application is not stored yet.", ENSURE)


def clock(look: Look) -> None:
    """Our clock, the database's and the provider's show the same time."""
    judge(look, "the database's", database.database_clock())
    date = str(look.facts.get("provider_date") or "")
    if date:
        # To the second, and with the way back in it: fit for what is asked here.
        judge(look, "Constant Contact's", database.drift(datetime.now(UTC), parsedate_to_datetime(date)))


def judge(look: Look, whose: str, apart: timedelta) -> None:
    """Note how far apart two clocks are, or find fault."""
    seconds = apart.total_seconds()
    look.note(f"{seconds:.0f} seconds from {whose} clock.")
    if apart > MOST_DRIFT:
        look.fault(
            f"This machine's clock and {whose} are {seconds:.0f} seconds apart: nothing comes due at the right time.",
            "Let every machine keep time by NTP (chrony or systemd-timesyncd).",
        )


CHECKS = (
    Check(
        "applications",
        "The stored applications are those of the settings.",
        applications,
        needs=("key ring",),
    ),
    Check("provider's servers", "They can be reached and trusted.", endpoints, needs=("deployment checks",)),
    Check(
        "client id and secret",
        "The provider knows them: it answers invalid_grant, not invalid_client.",
        client_id,
        needs=("applications", "provider's servers"),
    ),
    Check(
        "simulator",
        "The test environment's provider answers.",
        simulator,
        needs=("deployment checks", "migrations"),
    ),
    Check(
        "clocks",
        "Ours, the database's and the provider's agree.",
        clock,
        needs=("database",),
        after=("client id and secret",),
    ),
)
