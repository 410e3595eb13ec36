"""Live beside test, over HTTP: each links, imports and is journalled at its own provider, live by verified https."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from config import demo
from connections import environments, gateway, provisioning
from connections.models import Connection, ProviderApp, ProviderCall, Tenant
from tests.flows.importing import MAPPED, Person, csv_file
from tests.flows.test_connect import come_back, consent, start
from tests.live import Certificates

NOBODY = "https://elsewhere.example.test"


class LivePerson(Person):
    """Who works in the live environment; their browser trusts live's own authority."""

    def __init__(self, world, live, monkeypatch):
        monkeypatch.setenv(
            "SSL_CERT_FILE", str(live.ca_file)
        )  # of the person's browser; the product reads no such thing
        self.world, self.scope = world, world.scope(kind="live")
        self.client = world.client(world.owner)
        self.connection = demo.link(self.scope)
        self.account = [self.scope.tenant_id, self.scope.environment, self.connection.pk]


def rows(name):
    return csv_file([[f"{name}{number}@people.example", name, "Live", "team", "News"] for number in range(3)])


def base_urls(scope):
    with scope.transaction():
        return set(ProviderCall.objects.values_list("host", flat=True))


def import_file(person, name):
    job = person.run(rows(name), MAPPED, ["News"])
    assert (job.state, job.created) == ("done", 3), job.explanation


def test_both_environments_link_and_import_at_their_own_provider(
    world, simulator, live_simulator, monkeypatch
):
    import_file(Person(world), "testa")
    live_journal = live_simulator.simulator.journal()
    assert live_journal == []
    test_journal = len(simulator.journal())
    import_file(LivePerson(world, live_simulator, monkeypatch), "livea")
    assert len(simulator.journal()) == test_journal, (
        "the import in live reached the test environment's simulator"
    )
    assert base_urls(world.scope()) == {simulator.url}
    assert base_urls(world.scope(kind="live")) == {live_simulator.url}
    assert live_simulator.url.startswith("https://")
    for provider, mine, others in (
        (simulator, "testa", "livea"),
        (live_simulator.simulator, "livea", "testa"),
    ):
        contacts = provider.get("/v3/contacts?limit=500&status=all")["contacts"]
        addresses = {one["email_address"]["address"] for one in contacts}
        assert {f"{mine}{number}@people.example" for number in range(3)} <= addresses
        assert not {one for one in addresses if one.startswith(others)}


def test_every_call_that_live_logged_arrived_there_and_nowhere_else(
    world, simulator, live_simulator, monkeypatch
):
    import_file(LivePerson(world, live_simulator, monkeypatch), "liveb")
    with world.scope(kind="live").transaction():
        logged = ProviderCall.objects.filter(purpose="api", status__isnull=False).count()
    assert len(live_simulator.simulator.calls()) == logged
    assert simulator.journal() == []


def test_the_pre_screen_leads_to_live(world, simulator, live_simulator):
    scope, client = world.scope(kind="live"), world.client(world.owner)
    page = client.get(reverse("connect", args=[scope.tenant_id, "live"]))
    assert f"form-action 'self' {live_simulator.url}" in page["Content-Security-Policy"]
    assert simulator.url not in page["Content-Security-Policy"]
    assert start(client, scope).startswith(f"{live_simulator.url}/oauth2/default/v1/authorize?")


def test_a_provider_that_shows_another_certificate_is_not_believed(
    world, live_simulator, monkeypatch, settings_of, tmp_path, caplog
):
    scope, client = world.scope(kind="live"), world.client(world.owner)
    monkeypatch.setenv("SSL_CERT_FILE", str(live_simulator.ca_file))
    address = consent(start(client, scope))
    before = len(live_simulator.simulator.journal())
    settings_of(CONSTANT_CONTACT_CA_FILE=str(Certificates(tmp_path, "other").ca_file))
    page = client.get(come_back(client, address)["Location"])
    text = page.content.decode()
    assert page.status_code == 400
    assert "Constant Contact is not answering" in text
    assert "provider_unavailable" in text
    assert len(live_simulator.simulator.journal()) == before
    with scope.transaction():
        assert not Connection.objects.exists()
        assert set(ProviderCall.objects.values_list("outcome", "host")) == {("not_sent", live_simulator.url)}
    code = address.partition("code=")[2].partition("&")[0]
    for secret in (live_simulator.client_secret, code):
        assert secret
        assert secret not in text + caplog.text


def test_without_its_authority_live_is_not_believed_either(world, live_simulator, monkeypatch, settings_of):
    scope, client = world.scope(kind="live"), world.client(world.owner)
    monkeypatch.setenv("SSL_CERT_FILE", str(live_simulator.ca_file))
    address = consent(start(client, scope))
    settings_of(CONSTANT_CONTACT_CA_FILE="")
    assert "provider_unavailable" in come_back(client, address)["Location"]


# --- Applications that lead elsewhere ------------------------------------------------------------------------------


def swap(kind, **changes):
    ProviderApp.objects.using("operator").filter(kind=kind, tenant=None).update(**changes)


@pytest.mark.parametrize("kind", ["test", "live"])
def test_an_application_with_the_others_endpoints_sends_nobody_anywhere(
    world, simulator, live_simulator, kind
):
    other = ProviderApp.objects.using("operator").exclude(kind=kind).get()
    names = ("authorize_url", "token_url", "revoke_url", "api_url")
    swap(kind, **{name: getattr(other, name) for name in names})
    scope, client = world.scope(kind=kind), world.client(world.owner)
    answer = client.post(reverse("connect", args=[scope.tenant_id, kind]))
    assert answer["Location"].endswith("/connect/application_misplaced/")
    assert "belongs to another environment" in client.get(answer["Location"]).content.decode()
    assert simulator.journal() == live_simulator.simulator.journal() == []
    (fault,) = provisioning.misplaced()
    assert f"The {kind} application" in fault
    assert "ensure_defaults" in fault


@pytest.mark.parametrize("name", ["token_url", "revoke_url", "api_url"])
def test_each_endpoint_is_looked_at_before_a_client_exists(
    world, simulator, live_simulator, monkeypatch, name
):
    person = Person(world)
    before = len(simulator.journal())
    swap("test", **{name: f"{live_simulator.url}/x"})
    with person.scope.transaction():
        connection = Connection.objects.get()
    with pytest.raises(environments.Misplaced, match=name):
        gateway.open_client(connection, gateway.INTERACTIVE)
    assert len(simulator.journal()) == before
    assert live_simulator.simulator.journal() == []


def test_a_connection_cannot_borrow_the_other_environments_application(world, simulator, live_simulator):
    person = Person(world)
    with person.scope.transaction():
        connection = Connection.objects.get()
        connection.provider_app = ProviderApp.objects.get(kind="live")
    with pytest.raises(environments.Misplaced, match="cannot serve test"):
        gateway.open_client(connection, gateway.INTERACTIVE)


def test_the_wire_itself_goes_nowhere_else(world, simulator, live_simulator):
    """Whatever address a client is handed by mistake: no socket is opened."""
    person = Person(world)
    client = gateway.open_client(person.connection, gateway.INTERACTIVE)
    before = len(simulator.journal())
    for url in (f"{live_simulator.url}/v3/account/summary", NOBODY, simulator.url.replace("http:", "https:")):
        with pytest.raises(environments.Misplaced):
            client._http.get(url)
    assert len(simulator.journal()) == before
    assert live_simulator.simulator.journal() == []


def test_a_job_waits_for_who_runs_patchbay(world, simulator, live_simulator):
    person = Person(world)
    answer = person.upload(rows("stuck"))
    answer = person.start(person.columns(answer["Location"], MAPPED)["Location"], ["News"])
    swap("test", api_url=live_simulator.url)
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert (job.state, job.reason) == ("attention", "application_misplaced")
    assert live_simulator.simulator.journal() == []


def test_what_does_not_fit_is_not_stored(world, simulator, live_simulator, settings_of):
    settings_of(SIMULATOR_URL=live_simulator.url)
    with pytest.raises(CommandError, match="may not go"):
        call_command("ensure_defaults", simulator_url=simulator.url, verbosity=0)
    assert {row.api_url for row in ProviderApp.objects.using("operator").all()} == {
        simulator.url,
        live_simulator.url,
    }


def test_a_workspace_brings_no_application_that_leads_elsewhere(world, simulator, settings_of):
    settings_of(SIMULATOR_URL=NOBODY)
    scope = world.scope()
    form = {"client_id": "own", "client_secret": "own", "flow": "code", "refresh_tokens": "rotating"}
    answer = world.client(world.owner).post(reverse("application", args=[scope.tenant_id, "test"]), form)
    assert answer.status_code == 422
    assert not ProviderApp.objects.using("operator").filter(client_id="own").exists()


def test_plain_http_is_refused_for_live_in_production(world, simulator, live_simulator, monkeypatch):
    plain = dict.fromkeys(environments.LIVE_SETTINGS, f"http://{live_simulator.url[8:]}/x")
    for name, value in plain.items():
        monkeypatch.setattr(settings.ENV, name, value)
    swap("live", api_url=plain["CONSTANT_CONTACT_API_URL"])
    monkeypatch.setattr(settings, "PRODUCTION", True)
    scope = world.scope(kind="live")
    answer = world.client(world.owner).post(reverse("connect", args=[scope.tenant_id, "live"]))
    assert answer["Location"].endswith("/connect/application_misplaced/")
    assert environments.allowed("live") == frozenset()


def test_test_without_a_simulator_says_so(world):
    client = world.client(world.owner)
    where = reverse("connect-ended", args=[world.tenant.pk, "test", "no_simulator"])
    connect = reverse("connect", args=[world.tenant.pk, "test"])
    assert client.get(connect)["Location"] == client.post(connect)["Location"] == where
    text = client.get(where).content.decode()
    assert "SIMULATOR_URL" in text
    assert "Start again" not in text


# --- Without an application ----------------------------------------------------------------------------------------


def test_live_without_an_application_leads_to_the_guide(world, simulator):
    client = world.client(world.owner)
    where = reverse("connect-ended", args=[world.tenant.pk, "live", "no_application"])
    assert client.get(reverse("connect", args=[world.tenant.pk, "live"]))["Location"] == where
    text = client.get(where).content.decode()
    assert 'href="/docs/go-live/"' in text
    assert "CONSTANT_CONTACT_CLIENT_ID" in text
    assert Tenant.objects.using("operator").count() == 2
