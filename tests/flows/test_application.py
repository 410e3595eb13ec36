"""A workspace brings its own application: its own limits, its own redirect address, sealed, and nobody else's."""

from django.urls import reverse

from connections.models import Connection, ProviderApp, QuotaDay
from tests.flows.test_connect import come_back, consent, start


def bring(client, scope, **changes):
    data = {
        "client_id": "own-client",
        "client_secret": "own-secret-canary",
        "flow": "code",
        "refresh_tokens": "long_lived",
    }
    return client.post(reverse("application", args=[scope.tenant_id, scope.environment]), data | changes)


def test_accounts_are_linked_through_it_and_count_against_its_own_limits(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    assert bring(client, scope).status_code == 302
    page = client.get(reverse("application", args=[scope.tenant_id, "test"])).content.decode()
    assert "own-client" in page
    assert "own-secret-canary" not in page
    own = ProviderApp.objects.using("operator").get(client_id="own-client")
    assert "canary" not in own.client_secret_sealed
    address = f"http://patchbay.localhost:8000{reverse('callback', args=[own.pk])}"
    assert address in page
    simulator.ask(
        "/_sim/apps",
        {
            "client_id": "own-client",
            "client_secret": "own-secret-canary",
            "redirect_uris": [address],
            "refresh_tokens": "long_lived",
            "name": "Own",
        },
    )
    assert "connected=1" in come_back(client, consent(start(client, scope)))["Location"]
    with scope.transaction():
        assert Connection.objects.get().provider_app_id == own.pk
    assert QuotaDay.objects.get(used__gt=0).pool_id == own.pool_id
    # Another workspace still has the deployment's, and cannot see this one.
    other, stranger = world.scope(world.stranger), world.client(world.stranger)
    assert "own-client" not in start(stranger, other)
    with other.transaction():
        assert not ProviderApp.objects.filter(pk=own.pk).exists()


def test_live_takes_the_documented_endpoints(world, database):
    scope, client = world.scope(kind="live"), world.client(world.owner)
    assert bring(client, scope).status_code == 302
    assert start(client, scope).startswith("https://authz.constantcontact.com/oauth2/default/v1/authorize?")


def test_what_is_missing_is_said(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    answer = bring(client, scope, client_secret="")
    assert (answer.status_code, "Enter the client secret." in answer.content.decode()) == (422, True)
    assert bring(client, scope, client_id="a b").status_code == 422
    assert bring(client, scope, client_id="x" * 101).status_code == 422
    assert bring(world.client(world.member), scope).status_code == 403
    assert bring(world.client(world.stranger), scope).status_code == 404


def test_without_a_simulator_test_says_so(world):
    answer = bring(world.client(world.owner), world.scope())
    assert "has no simulator" in answer.content.decode()
