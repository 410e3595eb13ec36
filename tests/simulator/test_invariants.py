"""Random work by several clients on two accounts leaves the store whole, whatever they did and in which order.

A few hundred operations as a rule, ten thousand with PATCHBAY_LONG=1. A failure names its seed.
"""

import csv
import io
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from connections.simulator.app import Simulator
from connections.simulator.store import Account
from tests.long import LONG
from tests.simulator.rig import ACME, HARBOR, Caller, Rig

OPERATIONS = 10_000 if LONG else 250
SEEDS = (1, 2, 3) if LONG else (1, 2)
MOST_LISTS, MOST_TAGS, MOST_VALUES = 50, 50, 25


class Client:
    """One client of an account, with what it has seen of it."""

    def __init__(self, caller: Caller, numbers: random.Random) -> None:
        self.caller, self.numbers = caller, numbers
        self.answers: Counter[int] = Counter()

    def send(self, method: str, path: str, **more: Any) -> Any:
        answer = self.caller.call(method, path, **more)
        self.answers[answer.status_code] += 1
        assert answer.status_code in (200, 201, 202, 204, 400, 404, 409, 415, 429), (
            method,
            path,
            answer.text,
        )
        return answer.json() if answer.content and answer.status_code < 300 else None

    def some(self, path: str, key: str, name: str, most: int = 3) -> list[str]:
        """A few ids of what is there."""
        found = [item[name] for item in (self.send("GET", path, params={"limit": 50}) or {}).get(key, [])]
        return self.numbers.sample(found, min(len(found), self.numbers.randint(1, most)))

    def lists(self, most: int = 3) -> list[str]:
        return self.some("/contact_lists", "lists", "list_id", most)

    def tags(self, most: int = 3) -> list[str]:
        return self.some("/contact_tags", "tags", "tag_id", most)

    def address(self) -> str:
        return f"p{self.numbers.randrange(150)}@example.org"

    def contact(self) -> str | None:
        params = {"email": self.address(), "status": "all"}
        found = (self.send("GET", "/contacts", params=params) or {}).get("contacts", [])
        return str(found[0]["contact_id"]) if found else None

    # --- what clients do -----------------------------------------------------------------------------------

    def create(self) -> None:
        email = {"address": self.address(), "permission_to_send": self.numbers.choice(PERMISSIONS)}
        body = {"email_address": email, "create_source": self.numbers.choice(SOURCES)}
        self.send(
            "POST", "/contacts", json={**body, "list_memberships": self.lists(), "taggings": self.tags()}
        )

    def put(self) -> None:
        body: dict[str, Any] = {"update_source": self.numbers.choice(SOURCES), "first_name": "P"}
        if self.numbers.random() < 0.5:
            body["email_address"] = {
                "address": self.address(),
                "permission_to_send": self.numbers.choice(PERMISSIONS),
            }
        if self.numbers.random() < 0.5:
            body["list_memberships"] = self.lists(60)
        if self.numbers.random() < 0.3:
            body["taggings"] = self.tags(60)
        self.send("PUT", f"/contacts/{self.contact()}", json=body)

    def delete(self) -> None:
        self.send("DELETE", f"/contacts/{self.contact()}")

    def sign_up(self) -> None:
        body = {"email_address": self.address(), "list_memberships": self.lists(60)}
        self.send("POST", "/contacts/sign_up_form", json=body)

    def unsubscribe(self) -> None:
        account = self.caller.get("/account/summary")["encoded_account_id"]
        wish = {"account": account, "email": self.address()}
        self.caller.rig.http.post("/_sim/unsubscribe", json=wish)

    def add_list(self) -> None:
        self.send("POST", "/contact_lists", json={"name": f"L{self.numbers.randrange(80)}"})

    def add_tag(self) -> None:
        self.send("POST", "/contact_tags", json={"name": f"T{self.numbers.randrange(80)}"})

    def drop_list(self) -> None:
        for key in self.lists(1):
            self.send("DELETE", f"/contact_lists/{key}")

    def drop_tag(self) -> None:
        for key in self.tags(1):
            self.send("DELETE", f"/contact_tags/{key}")

    def upload(self) -> None:
        rows = "".join(f"{self.address()},x{row}\n" for row in range(self.numbers.randrange(30)))
        lists = self.lists(60)
        if lists:
            self.caller.upload(f"email,last_name\n{rows}wrong,y\n", ",".join(lists))

    def move(self) -> None:
        kind = self.numbers.choice(("add_list_memberships", "remove_list_memberships"))
        source = self.numbers.choice(({"list_ids": self.lists()}, {"all_active_contacts": True}))
        self.send("POST", f"/activities/{kind}", json={"source": source, "list_ids": self.lists()})

    def tag(self) -> None:
        kind = self.numbers.choice(("contacts_taggings_add", "contacts_taggings_remove"))
        order = {"source": {"list_ids": self.lists()}, "tag_ids": self.tags()}
        self.send("POST", f"/activities/{kind}", json=order)

    def clear(self) -> None:
        ids = [key for key in (self.contact() for _ in range(3)) if key]
        self.send("POST", "/activities/contact_delete", json={"contact_ids": ids})

    def field(self) -> None:
        body = {"label": f"F{self.numbers.randrange(120)}", "type": "string"}
        self.send("POST", "/contact_custom_fields", json=body)

    def fill(self) -> None:
        found = (self.send("GET", "/contact_custom_fields", params={"limit": 100}) or {}).get(
            "custom_fields", []
        )
        texts = [item["custom_field_id"] for item in found if item["type"] == "string"]
        values = [{"custom_field_id": key, "value": "v"} for key in texts[: self.numbers.randint(1, 40)]]
        body = {"update_source": "Account", "custom_fields": values}
        self.send("PUT", f"/contacts/{self.contact()}", json=body)

    def drop_field(self) -> None:
        found = (self.send("GET", "/contact_custom_fields") or {}).get("custom_fields", [])
        if found:
            key = self.numbers.choice(found)["custom_field_id"]
            self.send("DELETE", f"/contact_custom_fields/{key}")

    def wait(self) -> None:
        self.caller.rig.wait(self.numbers.choice((0.1, 1, 5, 60)))


PERMISSIONS = ("explicit", "implicit", "unsubscribed", "pending_confirmation", "not_set")
SOURCES = ("Account", "Contact")
WORK: tuple[tuple[Callable[[Client], None], int], ...] = (
    *((Client.create, 8), (Client.put, 8), (Client.delete, 2), (Client.sign_up, 5), (Client.unsubscribe, 2)),
    *(
        (Client.add_list, 3),
        (Client.add_tag, 3),
        (Client.drop_list, 1),
        (Client.drop_tag, 1),
        (Client.upload, 2),
    ),
    *((Client.move, 2), (Client.tag, 2), (Client.clear, 1), (Client.field, 2), (Client.fill, 2)),
    *((Client.drop_field, 1), (Client.wait, 6)),
)


# --- what must hold ---------------------------------------------------------------------------------------------


def check_store(account: Account) -> None:
    """The caps, the uniqueness and the indexes of an account, against its contacts one by one."""
    living = {item.list_id for item in account.living_lists()}
    assert len(living) <= 1000 and len(account.tags) <= 500 and len(account.fields) <= 100
    names = [item.name.lower() for item in account.living_lists()]
    assert len(set(names)) == len(names)
    tags = [tag.name.lower() for tag in account.tags.values()]
    assert len(set(tags)) == len(tags)
    addresses = [contact.address.lower() for contact in account.contacts if contact.address]
    assert len(set(addresses)) == len(addresses)
    members: dict[str, set[int]] = {}
    tagged: dict[str, set[int]] = {}
    counts: Counter[str] = Counter()
    for place, contact in enumerate(account.contacts):
        assert contact.seq == place == account.by_id[contact.contact_id]
        assert contact.address is None or account.by_email[contact.address.lower()] == place
        assert len(contact.lists) <= MOST_LISTS and len(contact.tags) <= MOST_TAGS
        assert len(contact.custom_fields) <= MOST_VALUES
        assert set(contact.lists) <= living and set(contact.tags) <= set(account.tags)
        assert {value["custom_field_id"] for value in contact.custom_fields} <= set(account.fields)
        assert not (contact.lists and (contact.deleted is not None or contact.unsubscribed))
        assert (contact.opt_out is not None) == contact.unsubscribed
        counts["deleted" if contact.deleted is not None else contact.permission] += 1
        for key in contact.lists:
            members.setdefault(key, set()).add(place)
        for key in contact.tags if contact.deleted is None else ():
            tagged.setdefault(key, set()).add(place)
    assert {key: value for key, value in account.members.items() if value} == members
    assert {key: value for key, value in account.tagged.items() if value} == tagged
    assert {key: value for key, value in account.counts.items() if value} == counts
    assert account.queued == sum(not activity.done for activity in account.activities.values())


def check_answers(caller: Caller) -> None:
    """The counts endpoint, a walk through all pages and an export tell the same number of people."""
    total = caller.get("/contacts/counts")["total"]
    walked = caller.pages("/contacts", "contacts", limit=37)
    assert len({item["contact_id"] for item in walked}) == len(walked) == total
    assert caller.get("/contacts", include_count="true", limit=1)["contacts_count"] == total
    for item in caller.pages("/contact_lists", "lists", include_membership_count="all", limit=50):
        found = caller.pages("/contacts", "contacts", lists=item["list_id"], limit=500)
        assert len(found) == item["membership_count"]
    export = caller.finished(caller.post("/activities/contact_exports", {"fields": ["email_address"]}))
    assert export["status"]["items_total_count"] == total
    file = caller.call("GET", export["_links"]["results"]["href"].removeprefix("/v3")).text
    addresses = [item["Email address"] for item in csv.DictReader(io.StringIO(file))]
    assert addresses == [item.get("email_address", {}).get("address", "") for item in walked]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.timeout(1800)
def test_random_work_leaves_the_store_whole(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    numbers, rig = random.Random(seed), Rig(activity_seconds=2)
    clients = [Client(rig.sign_in(account), numbers) for account in (ACME, ACME, HARBOR, HARBOR)]
    ways = [way for way, weight in WORK for _ in range(weight)]
    for step in range(OPERATIONS):
        if step % 2000 == 1999:
            # A token lives a day, and the waiting adds up.
            for client, account in zip(clients, (ACME, ACME, HARBOR, HARBOR), strict=True):
                client.caller.headers = rig.sign_in(account).headers
        numbers.choice(ways)(numbers.choice(clients))
        if step % 250 == 249:
            for account in rig.simulator.store.accounts.values():
                check_store(account)
    rig.wait(3600)
    for account in (ACME, HARBOR):
        check_answers(rig.sign_in(account))
    for account in rig.simulator.store.accounts.values():
        check_store(account)
    fresh = Simulator(real=lambda: rig.time, activity_seconds=2)
    fresh.replay(rig.journal())
    assert fresh.dump() == rig.simulator.dump()
    assert rig.simulator.defects == 0
    answers = sum((client.answers for client in clients), Counter())
    if LONG:
        with capsys.disabled():
            print(f"\nseed {seed}: {OPERATIONS:,} operations, answers {dict(sorted(answers.items()))}")
    assert answers[201] > 20
