"""Every operation of the OpenAPI document with made-up and with real values: no fault, no answer outside its schema.

With PATCHBAY_LONG 10,000 cases, and each operation is answered well at least 20 times; the statuses are printed.
"""

import json
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from uuid import uuid4

import pytest

from connections import tokens, vault
from connections.models import Connection, ConnectionToken, Environment, ProviderApp, QuotaPool
from connections.programs import keys
from syncjobs import queue
from syncjobs.models import SyncJob, WebhookDelivery
from tests import apart
from tests.flows.importing import Person
from tests.flows.mirrors import at_provider, create, linked
from tests.flows.programs import Caller
from tests.flows.test_connect import come_back, consent, start
from tests.long import LONG
from tests.receiver import Receiver
from tests.serving import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 300)]
CASES, SUCCESSES = (10_500, 20) if LONG else (200, 1)
FRESH = 9 * SUCCESSES + 8  # of what a call uses up
EVERY_SCOPE = "account_read account_update contact_data campaign_data offline_access"
UNIFIED = "/api/unified/marketing-automation"


@pytest.fixture
def person(world, simulator):
    """A linked account with people, lists and tags, whose copy is there."""
    for number in range(6):
        create(simulator, f"person{number}@people.example", first_name="Pat")
    ProviderApp.objects.using("operator").filter(kind="test").update(scopes=EVERY_SCOPE)
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


def campaigns(simulator, many):
    """E-mail campaigns that wait for their hour: the ids of their activities."""
    content = {
        "format_type": 5,
        "from_name": "Acme Bakery",
        "from_email": "owner@acmebakery.example",
        "reply_to_email": "owner@acmebakery.example",
        "subject": "Bread",
        "html_content": "<p>Bread</p>",
    }
    made = []
    for number in range(many):
        wish = {"name": f"Campaign {number}", "email_campaign_activities": [content]}
        campaign = at_provider(simulator, "POST", "/v3/emails", wish)
        made.append(campaign["campaign_activities"][0]["campaign_activity_id"])
        waits = {"scheduled_date": "2030-01-01T09:00:00Z"}
        at_provider(simulator, "POST", f"/v3/emails/activities/{made[-1]}/schedules", waits)
    return made


def jobs(person, state, many):
    """Jobs of the account that stand so."""
    with person.scope.transaction():
        made = [
            queue.enqueue(person.connection, "mirror", f"spare-{uuid4()}", stage="counting", options={}).pk
            for _ in range(many)
        ]
        SyncJob.objects.filter(pk__in=made).update(
            state=state, not_before=datetime.now(UTC) + timedelta(days=1)
        )
    return [str(one) for one in made]


def deliveries(person, webhook, state, many):
    """Events of a webhook that ended so: their ids."""
    now, scope = datetime.now(UTC), person.scope
    with scope.transaction():
        made = [
            WebhookDelivery.objects.create(
                tenant_id=scope.tenant_id,
                environment_id=scope.environment_id,
                webhook_id=webhook,
                event_id=uuid4(),
                event_type="test",
                about=uuid4(),
                state=state,
                not_before=now,
                created_at=now,
                ended_at=now,
            )
            for _ in range(many)
        ]
    return [str(one.event_id) for one in made]


def token_from_elsewhere(world):
    """A refresh token of an account that was linked in another place."""
    scope, client = world.scope(world.stranger), world.client(world.stranger)
    come_back(client, consent(start(client, scope)))
    with scope.transaction():
        kept = ConnectionToken.objects.get()
        text = vault.open_sealed(kept.refresh_sealed, tokens.place(kept, "refresh")).reveal()
        Connection.objects.all().delete()
    return text


def asked(caller, path, body):
    answer = caller.ask("POST", path, body)
    assert answer.status_code == 200, answer.content
    return answer.json()["result"]


def facts(person, simulator, url, receiver, from_elsewhere):
    """What the cases need to know; see `tests/apart/api_fuzz.py`."""
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, token = keys.create(environment, "Fuzz", scopes=[keys.EVERYTHING])
    number = count()
    account = str(person.connection.pk)
    lists = at(simulator, "/v3/contact_lists", [{"name": f"List {n}"} for n in range(2 * FRESH)], "list_id")
    tags = at(simulator, "/v3/contact_tags", [{"name": f"Tag {n}"} for n in range(FRESH + 3)], "tag_id")
    people = [create(simulator, f"fresh{n}@people.example")["contact_id"] for n in range(3 * FRESH + 3)]
    criteria = {
        "type": "and",
        "group": [{"source": "tracking", "field": "opened", "op": "contains-any", "param": "5"}],
    }
    wish = {"name": "Readers", "segment_criteria": json.dumps({"version": "1.0.0", "criteria": criteria})}
    segment = at_provider(simulator, "POST", "/v3/segments", wish)["segment_id"]
    spare = spare_accounts(person, 3 * FRESH)
    own = spare.pop()
    ask = partial(asked, Caller(person.world, token=token.reveal()))
    hook = {"target_url": receiver.url, "event_types": ["api_token:created"]}
    hooks = [ask("/api/webhook", hook)["id"] for _ in range(FRESH + 3)]
    by_name = [{"name": f"Made {next(number)} {uuid4().hex[:6]}"} for _ in range(9 * SUCCESSES)]
    someone = [
        {"email": f"made{next(number)}@people.example", "first_name": "Max"} for _ in range(9 * SUCCESSES)
    ]
    proxied = [{"path": {"resource": "contact_tags"}, "body": one} for one in by_name]
    tagged = [{"resource": "contact_tags", "item": tags[0]}]
    raw = [{"rest": "contact_lists"}]
    is_mine = [{"path": {"account_id": own}}]
    brought = {"tenant_id": "brought", "refresh_token": from_elsewhere}
    taken = ask("/api/integrated-account", brought)["id"]
    basis = {"kind": "customers", "statement": "Our customers, who buy from us."}
    return {
        "url": url,
        "token": token.reveal(),
        "account": account,
        "cases": CASES,
        "successes": SUCCESSES,
        "seed": 20_261,
        "accounts": {f"{method} /api/integrated-account/me": own for method in ("GET", "PATCH")},
        "ids": {
            "contact_id": people[:3],
            "list_id": lists[:3],
            "tag_id": tags[:3],
            "user_id": [f"{person.connection.account_id}.owner"],
            "role_id": ["account_owner", "account_manager"],
            "account_id": [account],
            "job_id": jobs(person, "done", 2),
            "webhook_id": hooks[:2],
            "delivery_id": deliveries(person, hooks[0], "delivered", 2),
            "resource": ["contact_lists", "contact_tags", "contacts"],
            "item": lists[:2],
            "rest": ["contact_lists", "account/summary"],
            "integration": ["constant-contact"],
            "model": ["marketing-automation"],
            "unified_resource": ["contacts", "lists"],
            "method": ["list", "create"],
        },
        # What these calls change or use up is theirs alone.
        "own": {
            f"DELETE {UNIFIED}/lists/{{list_id}}": {"list_id": lists[3:FRESH]},
            f"DELETE {UNIFIED}/tags/{{tag_id}}": {"tag_id": tags[3:]},
            f"DELETE {UNIFIED}/contacts/{{contact_id}}": {"contact_id": people[3:FRESH]},
            "DELETE /api/proxy/{resource}/{item}": {
                "resource": ["contact_lists"],
                "item": lists[FRESH : FRESH + FRESH // 2],
            },
            "DELETE /api/custom/{rest}": {"rest": [f"contacts/{one}" for one in people[FRESH : 2 * FRESH]]},
            "DELETE /api/custom/v3/{rest}": {"rest": [f"contacts/{one}" for one in people[2 * FRESH :]]},
            "DELETE /api/integrated-account/{account_id}": {"account_id": spare[: 2 * FRESH]},
            "PATCH /api/integrated-account/{account_id}": {"account_id": [own]},
            "PATCH /api/integrated-account/{account_id}/credentials": {"account_id": [taken]},
            "PUT /api/integrated-account/{account_id}/consent-basis": {"account_id": [own]},
            "DELETE /api/webhook/{webhook_id}": {"webhook_id": hooks[3:]},
            "POST /api/webhook/{webhook_id}/deliveries/{delivery_id}/replay": {
                "webhook_id": hooks[2:3],
                "delivery_id": deliveries(person, hooks[2], "failed", FRESH),
            },
            "POST /api/jobs/{job_id}/cancel": {"job_id": jobs(person, "waiting", FRESH)},
            "POST /api/jobs/{job_id}/retry": {"job_id": jobs(person, "failed", FRESH)},
        },
        "goods": {
            f"POST {UNIFIED}/lists": [{"body": one} for one in by_name],
            f"POST {UNIFIED}/tags": [{"body": one} for one in by_name],
            f"PATCH {UNIFIED}/lists/{{list_id}}": [{"body": {"name": f"{one['name']}!"}} for one in by_name],
            f"PATCH {UNIFIED}/tags/{{tag_id}}": [{"body": {"name": f"{one['name']}!"}} for one in by_name],
            f"PATCH {UNIFIED}/lists": [
                {"body": {"id": lists[0], "name": f"{one['name']}-"}} for one in by_name
            ],
            f"PATCH {UNIFIED}/tags": [
                {"body": {"id": tags[0], "name": f"{one['name']}-"}} for one in by_name
            ],
            f"POST {UNIFIED}/contacts": [{"body": one} for one in someone],
            f"POST {UNIFIED}/contacts/upsert": [{"body": one} for one in someone],
            f"PATCH {UNIFIED}/contacts": [{"body": {"id": people[0], "first_name": "Mo"}}],
            f"PATCH {UNIFIED}/contacts/{{contact_id}}": [
                {"body": {"first_name": "Mo"}, "path": {"contact_id": people[0]}}
            ],
            f"POST {UNIFIED}/contacts/bulk": [
                {"body": {"contacts": [one], "dry_run": True}} for one in someone
            ],
            "POST /api/proxy/{resource}": proxied,
            "PATCH /api/proxy/{resource}": [
                {"path": {"resource": "account_summary"}, "body": {"organization_name": "Acme Bakery"}}
            ],
            "DELETE /api/proxy/{resource}": [
                {"path": {"resource": "email_schedules"}, "query": {"campaign_activity_id": one}}
                for one in campaigns(simulator, SUCCESSES + 1)
            ],
            "GET /api/proxy/{resource}/{item}": [{"path": one} for one in tagged],
            "POST /api/proxy/{resource}/{item}": [
                {"path": {"resource": "activities", "item": "contact_exports"}, "body": {}}
            ],
            **{
                f"PUT /api/custom/{version}{{rest}}": [
                    {"path": {"rest": f"contact_tags/{tags[0]}"}, "body": {"name": f"Tag {uuid4()}"}}
                    for _ in range(9 * SUCCESSES)
                ]
                for version in ("", "v3/")
            },
            **{
                f"PATCH /api/custom/{version}{{rest}}": [
                    {"path": {"rest": f"segments/{segment}/name"}, "body": {"name": f"Readers {uuid4()}"}}
                    for _ in range(9 * SUCCESSES)
                ]
                for version in ("", "v3/")
            },
            "PATCH /api/proxy/{resource}/{item}": [
                {"path": one, "body": {"name": f"Tag {uuid4()}"}}
                for one in tagged
                for _ in range(9 * SUCCESSES)
            ],
            "POST /api/custom/{rest}": [{"path": {"rest": "contact_tags"}, "body": one} for one in by_name],
            "GET /api/custom/{rest}": [{"path": one} for one in raw],
            "GET /api/custom/v3/{rest}": [{"path": one} for one in raw],
            "POST /api/custom/v3/{rest}": [
                {"path": {"rest": "contact_tags"}, "body": {"name": f"{one['name']}?"}} for one in by_name
            ],
            "PATCH /api/integrated-account/{account_id}": [
                {"body": {"context": {"plan": "gold"}}, **is_mine[0]}
            ],
            "PATCH /api/integrated-account/me": [{"body": {"context": {"plan": "gold"}}}],
            "POST /api/integrated-account": [{"body": brought}],
            "PATCH /api/integrated-account/{account_id}/credentials": [
                {"body": {"refresh_token": from_elsewhere}, "path": {"account_id": taken}}
            ],
            "POST /api/integrated-account/bulk-delete": [
                {"body": {"ids": [one]}} for one in spare[2 * FRESH :]
            ],
            "POST /api/integrated-account/refresh-credentials": [{"body": {"id": account}}],
            "POST /api/integrated-account/token": [{"body": {"integrated_account_id": account}}],
            "POST /api/batch-request": [
                {
                    "body": {
                        "integrated_account_id": account,
                        "resources": [
                            {"resource": "contact_lists"},
                            {"resource": "marketing-automation/tags"},
                        ],
                    }
                }
            ],
            "POST /api/link-token": [{"body": {"tenant_id": "customer"}}],
            "PUT /api/integrated-account/{account_id}/consent-basis": [{"body": basis, **is_mine[0]}],
            "POST /api/webhook": [{"body": hook}],
            "POST /api/webhook/test": [{"body": {"id": hooks[0]}}],
            "POST /api/webhook/{webhook_id}/deliveries/replay": [
                {"body": {"since": "2026-01-01T00:00:00Z"}, "path": {"webhook_id": hooks[0]}}
            ],
            "PATCH /api/webhook/{webhook_id}": [{"body": {"is_active": True}}],
        },
    }


def test_no_call_is_answered_outside_the_document(world, person, simulator, settings_of, tmp_path):
    python = apart.environment("api_fuzz")
    known, from_elsewhere = tmp_path / "facts.json", token_from_elsewhere(world)
    with served() as url, Receiver() as receiver:
        settings_of(
            EGRESS_ALLOW=receiver.place,
            API_TOKEN_CALLS_PER_WINDOW=10**9,
            ACCOUNT_CALLS_PER_WINDOW=10**9,
            WEBHOOKS_MOST=10**6,
        )
        known.write_text(json.dumps(facts(person, simulator, url, receiver, from_elsewhere)))
        done = subprocess.run(
            [str(python), str(apart.HERE / "api_fuzz.py"), str(known)],
            capture_output=True,
            text=True,
            check=False,
            timeout=3500,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    mix = Counter()
    for name, statuses in said["statuses"].items():
        mix.update(statuses)
        print(f"{name:75} {dict(sorted(statuses.items()))}")
    print(f"{mix.total()} cases over {said['operations']} operations: {dict(sorted(mix.items()))}")
    defects = [f"{one['operation']}: {one['words']}\n    {one['curl']}" for one in said["defects"]]
    assert not defects, "\n".join(defects)
    assert mix.total() >= (10_000 if LONG else 100)
    assert (mix["401"] + mix["429"]) / mix.total() <= 0.01
    few = {
        name: statuses
        for name, statuses in said["statuses"].items()
        if sum(many for status, many in statuses.items() if status[0] == "2") < SUCCESSES
    }
    assert not few, "never answered well enough:\n" + "\n".join(
        f"{name}: {found}" for name, found in few.items()
    )
    assert len(said["statuses"]) == said["operations"]
