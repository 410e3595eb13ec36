"""Which environment may speak to which host: test to the simulator, live to the real service, neither to the other's.

Owns the rule; `gateway` asks it before a client is made and again for every request at the wire, `linking` before a
browser is sent away, `provisioning` before an application is stored, `checks` and operators about what is stored.
Promises: the answer comes from the settings alone, so that no row of the database can widen it.
"""

from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings

from connections.constantcontact.errors import ProviderError

LIVE_SETTINGS: Final = (
    "CONSTANT_CONTACT_AUTHORIZE_URL",
    "CONSTANT_CONTACT_TOKEN_URL",
    "CONSTANT_CONTACT_REVOKE_URL",
    "CONSTANT_CONTACT_API_URL",
)
_ENDPOINTS: Final = ("authorize_url", "token_url", "revoke_url", "api_url")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Misplaced(ProviderError):
    """An address outside the environment; nothing was sent."""

    advice = "Nothing was sent: this address does not belong to the environment."

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault  # our own words and the settings' names: nothing in them to scrub

    def __str__(self) -> str:
        return f"{self.advice} {self.fault}"


class Addressed(Protocol):
    """What has a kind and endpoints: an application, stored or about to be."""

    @property
    def kind(self) -> str:
        """test or live."""

    @property
    def name(self) -> str:
        """As people call it."""


@lru_cache(maxsize=1_000)
def origin_of(url: str) -> str:
    """Scheme, host and port of an address, each in one spelling; empty for what is no such address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{shown}"


def allowed(kind: str) -> frozenset[str]:
    """The origins that calls of this environment may go to."""
    simulator = origin_of(settings.ENV.SIMULATOR_URL)
    if kind == "test":
        return frozenset({simulator} - {""})
    if kind != "live":
        return frozenset()
    found = {origin_of(getattr(settings.ENV, name)) for name in LIVE_SETTINGS}
    if settings.PRODUCTION:
        found = {one for one in found if one.startswith("https://")}
    return frozenset(found - {"", simulator})


def require_address(kind: str, url: str) -> None:
    """Refuse an address that this environment may not speak to.

    Raises:
        Misplaced: says where it may.
    """
    if origin_of(url) not in allowed(kind):
        raise Misplaced(f"{origin_of(url) or 'no address'} is not where {kind} may go; {_where(kind)}")


def fault_of(kind: str, app: Addressed) -> str:
    """Why this application may not serve the environment, with the cure; empty if it may."""
    if app.kind != kind:
        return f"The application “{app.name}” is one of {app.kind} and cannot serve {kind}."
    within = allowed(kind)
    for name in _ENDPOINTS:
        url = getattr(app, name)
        if origin_of(url) not in within and (url or name != "revoke_url"):
            return (
                f"The {kind} application “{app.name}” has {name} at {origin_of(url) or 'no address'}, where {kind} "
                f"may not go: {_where(kind)} {_cure(kind)}"
            )
    return ""


def require(kind: str, app: Addressed) -> None:
    """Refuse an application that does not fit the environment, before anything leaves.

    Raises:
        Misplaced: names the endpoint and the cure.
    """
    if fault := fault_of(kind, app):
        raise Misplaced(fault)


def settings_fault() -> str:
    """What is wrong with the settings themselves: live must not lead to the simulator; empty if nothing is."""
    simulator = origin_of(settings.ENV.SIMULATOR_URL)
    if settings.ENV.SIMULATOR_URL and not simulator:
        return "SIMULATOR_URL needs the form http://host:port or https://host."
    same = [
        name for name in LIVE_SETTINGS if simulator and origin_of(getattr(settings.ENV, name)) == simulator
    ]
    if same:
        return f"{', '.join(same)} and SIMULATOR_URL name one host. Live and test must not share a provider."
    return ""


def _where(kind: str) -> str:
    found = sorted(allowed(kind))
    if found:
        return f"it speaks only to {' and '.join(found)}."
    if kind == "test":
        return "SIMULATOR_URL is not set, so it speaks to nobody."
    return "the CONSTANT_CONTACT_..._URL settings name no host that it may use."


def _cure(kind: str) -> str:
    setting = "SIMULATOR_URL" if kind == "test" else "the CONSTANT_CONTACT_..._URL settings"
    return f"Correct {setting}, then run `manage.py ensure_defaults`; a workspace brings its own application again."
