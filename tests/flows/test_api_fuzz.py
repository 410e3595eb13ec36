"""Every operation of the OpenAPI document with made-up and with real values: no fault, no answer outside its schema.

With PATCHBAY_LONG 10,000 cases, and each operation is answered well at least 20 times; the statuses are printed.
"""

import json
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from connections import keys
from connections.api import accounttokens
from connections.constantcontact.redaction import Secret
from connections.models import Connection, Environment, ProviderCall, QuotaPool
from syncjobs import queue
from syncjobs.models import SyncJob
from tests import apart
from tests.flows.importing import Person
from tests.flows.mirrors import at_provider, create, linked
from tests.long import LONG
from tests.receiver import Receiver
from tests.serving import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 300)]
CASES, SUCCESSES = (10_500, 20) if LONG else (200, 1)
FRESH = 9 * SUCCESSES + 8  # of what a call uses up
UNIFIED = "/api/unified/marketing-automation"


@pytest.fixture
def person(world, simulator):
    """A linked account with people, lists and tags, whose copy is there."""
    for number in range(6):
        create(simulator, f"person{number}@people.example", first_name="Pat")
    found = Person(world)
    # What the limits do is proved elsewhere; here they would only be waited for.
    QuotaPool.objects.using("operator").update(
        calls_per_second=100_000, calls_per_day=10_000_000, token_calls_per_second=1_000
    )
    simulator.ask("/_sim/switches", {"token_calls_per_second": 0}, "PUT")
    linked(found)
    return found


def at(simulator, path, bodies, name):
    return [at_provider(simulator, "POST", path, body)[name] for body in bodies]


def spare_accounts(person, many):
    """Accounts that a call may change and delete; nobody speaks to the provider for them."""
    here = person.connection
    with person.scope.transaction():
        return [
            str(
                Connection.objects.create(
                    tenant_id=here.tenant_id,
                    environment_id=here.environment_id,
                    provider_app=here.provider_app,
                    account_id=f"spare-{number}",
                    account_name=f"Spare {number}",
                    status="active",
                ).pk
            )
            for number in range(many)
        ]


def jobs(person, state, many):
    """Jobs of the account that stand so."""
    with person.scope.transaction():
        made = [
            queue.enqueue(person.connection, "mirror", f"spare-{uuid4()}", stage="counting", options={}).pk
            for _ in range(many)
        ]
        SyncJob.objects.filter(pk__in=made).update(state=state, not_before=datetime.now(UTC) + timedelta(days=1))
    return [str(one) for one in made]


def facts(person, simulator, url, receiver):
    """What the cases need to know; see `tests/apart/api_fuzz.py`."""
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, token = keys.create(environment, "Fuzz", scopes=[keys.EVERYTHING])
    number = count()
    account = str(person.connection.pk)
    lists = at(simulator, "/v3/contact_lists", [{"name": f"List {n}"} for n in range(FRESH + 3)], "list_id")
    tags = at(simulator, "/v3/contact_tags", [{"name": f"Tag {n}"} for n in range(FRESH + 3)], "tag_id")
    people = [create(simulator, f"fresh{n}@people.example")["contact_id"] for n in range(FRESH + 3)]
    spare = spare_accounts(person, 2 * FRESH)
    hooks = [{"target_url": receiver.url, "event_types": ["api_token:created"]}] * 2
    by_name = [{"name": f"Made {next(number)} {uuid4().hex[:6]}"} for _ in range(3 * SUCCESSES)]
    someone = [{"email": f"made{next(number)}@people.example", "first_name": "Max"} for _ in range(3 * SUCCESSES)]
    return {
        "url": url,
        "token": token.reveal(),
        "account": account,
        "cases": CASES,
        "successes": SUCCESSES,
        "seed": 20_261,
        "ids": {
            "contact_id": people[:3],
            "list_id": lists[:3],
            "tag_id": tags[:3],
            "user_id": [f"{person.connection.account_id}.owner"],
            "role_id": ["account_owner", "account_manager"],
            "account_id": [account],
            "job_id": jobs(person, "done", 2),
            "resource": ["contact_lists", "contact_tags", "contacts"],
            "rest": ["contact_lists", "account/summary"],
            "slug": ["constant-contact"],
        },
        "goods": {
            f"POST {UNIFIED}/lists": [{"body": one} for one in by_name],
            f"POST {UNIFIED}/tags": [{"body": one} for one in by_name],
            f"PATCH {UNIFIED}/lists/{{list_id}}": [{"body": {"name": f"{one['name']}!"}} for one in by_name],
            f"PATCH {UNIFIED}/tags/{{tag_id}}": [{"body": {"name": f"{one['name']}!"}} for one in by_name],
            f"DELETE {UNIFIED}/lists/{{list_id}}": [{"path": {"list_id": one}} for one in lists[3:]],
            f"DELETE {UNIFIED}/tags/{{tag_id}}": [{"path": {"tag_id": one}} for one in tags[3:]],
            f"DELETE {UNIFIED}/contacts/{{contact_id}}": [{"path": {"contact_id": one}} for one in people[3:]],
            f"POST {UNIFIED}/contacts": [{"body": one} for one in someone],
            f"POST {UNIFIED}/contacts/upsert": [{"body": one} for one in someone],
            f"PATCH {UNIFIED}/contacts": [{"body": {"id": people[0], "first_name": "Mo"}}],
            f"PATCH {UNIFIED}/contacts/{{contact_id}}": [{"body": {"first_name": "Mo"}, "path": {"contact_id": people[0]}}],
            f"POST {UNIFIED}/contacts/bulk": [{"body": {"contacts": [one], "dry_run": True}} for one in someone],
        },
    }
