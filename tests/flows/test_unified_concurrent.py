"""Many writers of the same people at once: no field, list or tag is lost, and nobody is subscribed again.

Real threads through the API, the real simulator, and its journal as the judge. What is edited at the provider, or raw
through the proxy, can be lost only between our read and our write: counted apart, with how wide that was.
PATCHBAY_LONG runs more of everything.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.request import Request, urlopen

import pytest

from connections.models import QuotaPool
from mapping.models import ConsentEntry, ContactLock
from tests.flows import concurrent
from tests.flows.concurrent import UNIFIED, Part
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of
from tests.long import LONG

WRITERS = 4
TURNS = 120 if LONG else 6
MORE = 3 if LONG else 1
PEOPLE = 12 if LONG else 3
ROUNDS = 40 if LONG else 5
OLD = {"source": "shop.example", "at": "2026-01-31T09:00:00Z", "text": "News, please"}


@pytest.fixture
def person(world, simulator):
    # An opt-in and an opt-out of one second are told apart.
    simulator.ask("/_sim/switches", {"time_form": "milliseconds"}, "PUT")
    person = Person(world)
    QuotaPool.objects.update(calls_per_second=1000, calls_per_day=10_000_000)
    return person


@pytest.fixture
def program(world, person):
    return Program(world, person.connection)


def raw(program, method, path, body):
    """Raw through the proxy."""
    answer = program.ask(method, f"/api/custom/v3/{path}", body)
    text = bytes_of(answer)
    assert answer.status_code < 300, text
    return json.loads(text or b"null")


def there(simulator, token, path, body):
    """By the account's own people, past Patchbay."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(f"{simulator.url}/v3/{path}", json.dumps(body).encode(), headers, method="POST")
    with urlopen(request, timeout=20) as answer:
        return json.load(answer)


def a_field(program, label):
    made = raw(program, "POST", "contact_custom_fields", {"label": label, "type": "string"})
    return Part(made["name"], "field", made["custom_field_id"])


def a_list(program, name):
    return Part(name, "list", raw(program, "POST", "contact_lists", {"name": name})["list_id"])


def a_tag(program, name):
    return Part(name, "tag", raw(program, "POST", "contact_tags", {"name": name})["tag_id"])


CORE = ("first_name", "last_name", "job_title", "company_name")


def parts_of(program, number):
    """What one writer owns."""
    found = [Part(CORE[number], "core", CORE[number])]
    found += [a_field(program, f"Field {number} {one}") for one in range(MORE)]
    found += [a_list(program, f"List {number} {one}") for one in range(MORE)]
    found += [a_tag(program, f"Tag {number} {one}") for one in range(MORE)]
    return found + ([Part("phone", "phone", "")] if number == 0 else [])


def writer(world, person, contact_id, parts, seed):
    """One program that changes its own parts, some at a time, by id or by address."""
    program, chance = Program(world, person.connection), random.Random(seed)

    def run():
        for turn in range(TURNS):
            chosen = chance.sample(parts, chance.randint(1, 4))
            values = [(part, concurrent.next_value(part, turn, chance)) for part in chosen]
            body = concurrent.patch_of(values)
            if chance.random() < 0.3:
                body |= {"email": "crowd@people.example"}
                ended = concurrent.asked(program, "POST", f"{UNIFIED}/upsert", body, {200})
                assert ended["result"]["outcome"] == "updated"
            else:
                concurrent.asked(program, "PATCH", f"{UNIFIED}/{contact_id}", body, {200})
            for part, value in values:
                part.sent.append(value)

    return run


def outsider(send, home, part):
    """Somebody who edits past the unified API: one part, by the one call that changes no other."""

    def run():
        for turn in range(TURNS):
            value = f"outside {part.name} {turn}"
            send(
                {
                    "email_address": "crowd@people.example",
                    "list_memberships": [home],
                    "custom_fields": [{"custom_field_id": part.key, "value": value}],
                }
            )
            part.sent.append(value)

    return run


def test_nothing_is_lost_whoever_else_writes(world, person, program, simulator, capsys):
    owned = [parts_of(program, number) for number in range(WRITERS)]
    foreign = [a_field(program, f"Outside {one}") for one in range(2)]
    home = a_list(program, "Home").key
    body = {"email": "crowd@people.example", "lists": [home]}
    contact_id = program.ask("POST", UNIFIED, body).json()["result"]["id"]
    token, through = simulator.token("Acme Bakery"), Program(world, person.connection)
    tasks = [writer(world, person, contact_id, parts, seed) for seed, parts in enumerate(owned)]
    tasks.append(
        outsider(lambda body: there(simulator, token, "contacts/sign_up_form", body), home, foreign[0])
    )
    tasks.append(outsider(lambda body: raw(through, "POST", "contacts/sign_up_form", body), home, foreign[1]))
    concurrent.together(tasks)

    history = concurrent.states(simulator.journal(), contact_id)
    for part in (part for parts in owned for part in parts):
        assert concurrent.order_of(history, part) == part.sent, part.name
    lost = concurrent.losses(history, foreign)
    with capsys.disabled():
        print(f"\n{len(history)} writes of one contact: {lost}")  # the figures are asked for
    assert lost.outside == []
    assert len(lost.widths_ms) == WRITERS * TURNS
    assert home in history[-1].contact["lists"]
    with person.scope.transaction():
        assert not ContactLock.objects.exists()


def mailings(world, person, people, seed):
    """A program that writes people as they come, with and without claims about their will."""
    program, chance = Program(world, person.connection), random.Random(seed)
    claims = [
        {},
        {},
        {"consent": {"permission_to_send": "implicit"}},
        {"consent": {"permission_to_send": "explicit", "evidence": OLD}},
    ]

    def run():
        for turn in range(ROUNDS):
            email, contact_id = chance.choice(people)
            body = {"first_name": f"{seed} {turn}", "lists": {"add": ["News"]}, **chance.choice(claims)}
            if chance.random() < 0.15:
                body = {"consent": {"permission_to_send": "unsubscribed"}}
            elif chance.random() < 0.3:
                at = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
                body["consent"] = {"evidence": {**OLD, "at": at}}
            if chance.random() < 0.5:
                concurrent.asked(program, "PATCH", f"{UNIFIED}/{contact_id}", body, {200, 409})
            else:
                concurrent.asked(program, "POST", f"{UNIFIED}/upsert", {**body, "email": email}, {200})

    return run


def leavers(world, person, simulator, people):
    """People who leave by the link in a mail, or are put out by the account's own people, at any moment."""
    through, chance = Program(world, person.connection), random.Random(99)

    def run():
        for email, contact_id in chance.sample(people, len(people) * 2 // 3):
            if chance.random() < 0.5:
                simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": email})
                continue
            address = {"address": email, "permission_to_send": "unsubscribed"}
            out = {"email_address": address, "update_source": "Account"}
            raw(through, "PUT", f"contacts/{contact_id}", out)

    return run


def test_nobody_is_subscribed_again(world, person, program, simulator, capsys):
    raw(program, "POST", "contact_lists", {"name": "News"})
    people = []
    for number in range(PEOPLE):
        email = f"person{number}@people.example"
        made = program.ask("POST", UNIFIED, {"email": email, "lists": ["News"]}).json()
        people.append((email, made["result"]["id"]))
    concurrent.together(
        [
            *(mailings(world, person, people, seed) for seed in range(WRITERS)),
            leavers(world, person, simulator, people),
        ]
    )

    journal, left, undone = simulator.journal(), 0, 0
    for email, contact_id in people:
        history = concurrent.states(journal, contact_id)
        outs = [state for state in history if state.contact["permission"] == "unsubscribed"]
        left += bool(outs)
        for before, after in pairwise(history):
            if (
                before.contact["permission"] != "unsubscribed"
                or after.contact["permission"] == "unsubscribed"
            ):
                continue
            # Only an opt-out by the account's own people, between our read and our write, and taken back at once.
            assert after.is_unified, email
            assert before.seq > after.read["seq"], email
            assert before.contact["opt_out_source"] == "Account", email
            undone += 1
        if outs:
            assert history[-1].contact["permission"] == "unsubscribed", email
        asked = [one for one in journal if one["path"] == f"/v3/contacts/resubscribe/{contact_id}"]
        assert len(asked) <= 1, email
    with capsys.disabled():
        print(f"\n{left} people left, {undone} of them inside the window; all of them stay out")
    assert left
    with person.scope.transaction():
        assert not ContactLock.objects.exists()
        assert ConsentEntry.objects.filter(reason="opted_out").exists()
