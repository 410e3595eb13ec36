"""The published SDK of the contract, unmodified: all of its calls that Patchbay has, below /compat."""

import json
import subprocess

import pytest

from connections.models import Connection, Environment
from connections.programs import keys
from tests import apart
from tests.flows.importing import Person
from tests.flows.mirrors import create
from tests.receiver import Receiver
from tests.serving import served

pytestmark = pytest.mark.slow


def test_a_client_of_the_contract_works_after_changing_its_address_and_key(world, simulator, settings_of):
    people = {create(simulator, f"person{number}@people.example")["contact_id"] for number in range(5)}
    person = Person(world)
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, token = keys.create(environment, "SDK", scopes=[keys.EVERYTHING])
    python = apart.environment("truto_sdk")
    account = str(person.connection.pk)
    with served() as url, Receiver() as receiver:
        settings_of(EGRESS_ALLOW=receiver.place)
        done = subprocess.run(
            [
                str(python),
                str(apart.HERE / "truto_walk.py"),
                f"{url}/compat",
                token.reveal(),
                account,
                receiver.url,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)

    for resource in ("lists", "tags", "contacts"):
        found = said[resource]
        identifier = found["made"]["id"]
        assert found["got"]["id"] == found["changed"]["id"] == identifier
        assert identifier in found["listed"]
        assert found["deleted"] == {"id": identifier}
    assert said["lists"]["changed"]["name"] == "Renamed by the SDK"
    assert said["tags"]["changed"]["name"] == "sdk-2"
    made, changed = (said["contacts"][step] for step in ("made", "changed"))
    assert (made["email"], made["first_name"]) == ("sdk@people.example", "Sue")
    assert (changed["first_name"], changed["phones"]) == ("Susan", made["phones"])

    assert set(said["paged"]) >= people and len(said["paged"]) == len(set(said["paged"]))
    assert [one["roles"][0]["id"] for one in said["users"]] == ["account_owner"]
    assert [one["id"] for one in said["roles"]] == ["account_owner", "account_manager", "campaign_creator"]

    proxied = said["proxy"]
    assert proxied["made"]["list_id"] in proxied["listed"]
    assert proxied["got"]["name"] == "By the proxy"
    assert {one["list_id"] for one in said["custom"]["lists"]} <= set(proxied["listed"])
    assert said["link_token"]["link_token"]

    hook = said["webhook"]
    assert hook["made"]["secret"] and "secret" not in hook["got"]
    assert (hook["got"]["is_active"], hook["changed"]["is_active"]) == (True, False)
    assert hook["made"]["id"] in hook["listed"]

    assert account in said["accounts"]
    assert said["account"]["id"] == account
    assert said["context"]["context"]["branch"] == {"name": "North"}
    assert said["account_token"]["integrated_account_token"]
    assert said["refreshed"] == {"success": True}
    with person.scope.transaction():
        assert Connection.objects.get(pk=account).status == "active"
