"""Where each environment may speak, by the settings alone; and that what is wrong is said before the start."""

import pytest
from django.core import checks
from pydantic import ValidationError

from config.env import Env
from connections import environments, provisioning
from connections.checks import applications_fit, environments_are_apart
from connections.models import ProviderApp, QuotaPool
from tests.live import Certificates

SIMULATOR = "http://127.0.0.1:8181"
REAL = {"https://authz.constantcontact.com", "https://api.cc.email"}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.cc.email", "https://api.cc.email"),
        ("https://api.cc.email/v3", "https://api.cc.email"),
        ("HTTPS://API.cc.email:443/", "https://api.cc.email"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("http://127.0.0.1:8181", SIMULATOR),
        ("https://user:secret@api.cc.email/v3", "https://api.cc.email"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
        ("https://api.cc.email.", "https://api.cc.email."),
        ("https://api.cc.email@evil.example/v3", "https://evil.example"),
        ("ftp://api.cc.email", ""),
        ("//api.cc.email/v3", ""),
        ("api.cc.email", ""),
        ("https://", ""),
        ("https://host:port", ""),
        ("https://host:99999", ""),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(url, origin):
    assert environments.origin_of(url) == origin


def test_test_speaks_to_the_simulator_and_live_to_the_real_service(settings_of):
    settings_of(SIMULATOR_URL=SIMULATOR)
    assert environments.allowed("test") == {SIMULATOR}
    assert environments.allowed("live") == REAL
    settings_of(SIMULATOR_URL="")
    assert environments.allowed("test") == frozenset()
    assert environments.allowed("elsewhere") == frozenset()


def test_live_never_speaks_to_the_simulator(settings_of):
    settings_of(SIMULATOR_URL="https://api.cc.email")
    assert environments.allowed("live") == {"https://authz.constantcontact.com"}
    assert "CONSTANT_CONTACT_API_URL and SIMULATOR_URL name one host" in environments.settings_fault()
    (fault,) = environments_are_apart()
    assert fault.id == "patchbay.E003"


@pytest.mark.parametrize("url", ["127.0.0.1:8181", "ftp://127.0.0.1", "nonsense"])
def test_a_simulator_without_an_address_is_said(settings_of, url):
    settings_of(SIMULATOR_URL=url)
    assert environments.settings_fault().startswith("SIMULATOR_URL needs the form")


def test_what_is_right_is_silent(settings_of):
    for url in ("", SIMULATOR):
        settings_of(SIMULATOR_URL=url)
        assert environments_are_apart() == []


def app(kind, url, **changes):
    names = ("authorize_url", "token_url", "revoke_url", "api_url")
    return ProviderApp(kind=kind, name="App", **{**dict.fromkeys(names, f"{url}/x"), **changes})


@pytest.mark.parametrize(
    ("kind", "application", "said"),
    [
        ("test", app("test", SIMULATOR), ""),
        ("test", app("test", SIMULATOR, revoke_url=""), ""),
        ("live", app("live", "https://api.cc.email"), ""),
        ("live", app("test", SIMULATOR), "is one of test and cannot serve live"),
        ("test", app("test", "https://api.cc.email"), "authorize_url at https://api.cc.email"),
        ("live", app("live", SIMULATOR), f"authorize_url at {SIMULATOR}"),
        ("live", app("live", "https://api.cc.email", api_url=""), "api_url at no address"),
        ("live", app("live", "https://api.cc.email", api_url="https://api.cc.email.evil.example"), "evil"),
        ("live", app("live", "https://api.cc.email", token_url="http://api.cc.email"), "token_url at http:"),
    ],
)
def test_an_application_fits_or_is_named_with_its_cure(settings_of, kind, application, said):
    settings_of(SIMULATOR_URL=SIMULATOR)
    fault = environments.fault_of(kind, application)
    assert bool(fault) == bool(said)
    assert said in fault
    if said and application.kind == kind:
        assert "ensure_defaults" in fault


def test_without_a_simulator_the_fault_names_the_setting(settings_of):
    settings_of(SIMULATOR_URL="")
    assert "SIMULATOR_URL is not set" in environments.fault_of("test", app("test", SIMULATOR))


def test_the_stored_applications_are_checked(database, settings_of):
    settings_of(SIMULATOR_URL=SIMULATOR)
    pool = QuotaPool.objects.using("operator").create(name="pool")
    sound = app("test", SIMULATOR)
    sound.pool = pool
    sound.save(using="operator")
    assert applications_fit(databases=["operator"]) == []
    ProviderApp.objects.using("operator").update(token_url="https://authz.constantcontact.com/token")
    (fault,) = applications_fit(databases=["operator"])
    assert (fault.id, fault.level) == ("patchbay.E004", checks.ERROR)
    assert provisioning.misplaced() == [fault.msg]
    assert applications_fit(databases=["default"]) == []
    assert applications_fit(databases=None) == []


# --- CONSTANT_CONTACT_CA_FILE ----------------------------------------------------------------------------------------


def test_certificates_are_read_at_the_start(tmp_path):
    good = Certificates(tmp_path).ca_file
    assert str(good) == Env(CONSTANT_CONTACT_CA_FILE=str(good)).CONSTANT_CONTACT_CA_FILE


@pytest.mark.parametrize("what", ["absent", "a folder", "no certificate"])
def test_a_file_without_certificates_refuses_the_start_and_is_named(tmp_path, what):
    path = tmp_path / "ca.pem"
    if what == "a folder":
        path.mkdir()
    elif what == "no certificate":
        path.write_text("hello")
    with pytest.raises(ValidationError) as refusal:
        Env(CONSTANT_CONTACT_CA_FILE=str(path))
    (fault,) = refusal.value.errors()
    assert fault["loc"] == ("CONSTANT_CONTACT_CA_FILE",)
    assert str(path) in fault["msg"]
