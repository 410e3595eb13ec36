"""The journal: what an entry says, and that replaying it gives the same state."""

import json
from pathlib import Path

import pytest

from connections.simulator.app import Simulator
from connections.simulator.journal import Journal, JournalTrouble
from tests.simulator.rig import FEW, HARBOR, Caller, Rig
from tests.simulator.test_device import tokens_of
from tests.simulator.test_others import new_campaign
from tests.simulator.test_partner import token_call

KEYS = {"seq", "at", "host", "client_id", "account", "method", "path", "status", "effect"}


def busy(rig: Rig) -> None:
    """A little of everything, with jobs done and jobs still waiting."""
    acme, harbor = rig.sign_in(), rig.sign_in(HARBOR)
    new = acme.post("/contact_lists", {"name": "New"})["list_id"]
    tag = acme.post("/contact_tags", {"name": "Tag"})["tag_id"]
    acme.post("/contact_custom_fields", {"label": "Plan", "type": "string"})
    made = acme.create("a@example.org", taggings=[tag], list_memberships=[new])
    rig.wait(1)
    acme.put(f"/contacts/{made['contact_id']}", {"first_name": "A", "update_source": "Account"})
    acme.imported("email,cf:plan,home_phone\nb@example.org,gold,555\nbad,x,1\nc@example.org,,\n")
    harbor.imported("email\nben.brook.1@example.org\nnew@example.org\n")
    rig.switch(import_revives_deleted="no", lists_move_updated_at="no")
    gone = harbor.get("/contacts", limit=1)["contacts"][0]
    harbor.delete(f"/contacts/{gone['contact_id']}")
    rig.control("POST", "/unsubscribe", {"account": "Acme Bakery", "email": "b@example.org"})
    rig.control("POST", "/clock", {"advance_seconds": 3600, "activity_seconds": 3})
    acme.finished(acme.post("/activities/contact_exports", {}))
    acme.call("DELETE", f"/contact_lists/{new}")
    acme.post(
        "/activities/contacts_taggings_add", {"source": {"all_active_contacts": True}, "tag_ids": [tag]}
    )
    rig.app(refresh_tokens="long_lived")
    rig.control("POST", "/tokens", {"action": "expire", "account": HARBOR})
    acme.post(
        "/contacts/sign_up_form", {"email_address": "d@example.org", "list_memberships": [acme.list_id()]}
    )
    busy_elsewhere(rig, acme)


def busy_elsewhere(rig: Rig, acme: Caller) -> None:
    """Writes of the resources that the product does not use, mails that would go out, a partner, a device."""
    harbor = rig.sign_in(HARBOR)
    news = harbor.list_id("Newsletter")
    harbor.post("/contacts/sign_up_form", {"email_address": "e@example.org", "list_memberships": [news]})
    rig.control("POST", "/automations", {"kind": "path", "on": "General Interest"})
    acme.imported("email\nf@example.org\n")
    acme.put("/account/summary", {"website": "acme.example"})
    acme.post("/account/emails", {"email_address": "more@example.org"})
    criteria = '{"criteria":{"type":"and","group":[{"source":"tracking"}]}}'
    acme.post("/segments", {"name": "S", "segment_criteria": criteria})
    campaign, activity = new_campaign(acme)
    acme.post(f"/emails/activities/{activity}/schedules", {"scheduled_date": "0"})
    acme.delete(f"/emails/{campaign}")
    acme.post("/events/default?name=New", None)
    acme.post("/automations/workflows?workflowName=New", {"type": "x"})
    account = rig.control("GET", "/state")["accounts"][0]["account"]
    secret = token_call(rig).json()["access_token"]
    partner = Caller(rig, secret)
    partner.headers["x-api-key"] = rig.app()["client_id"]
    partner.put("/partner/webhooks/subscriptions/1", {"hook_uri": "https://vendor.example/"})
    wish = {
        "contact_email": "g@example.org",
        "country_code": "US",
        "state_code": "MA",
        "login_name": "newshop",
    }
    partner.post("/partner/accounts", {**wish, "password": "correct horse"})
    partner.put(f"/partner/accounts/{account}/plan", {"plan_type": "BRONZE"})
    order = {"email_addresses": ["b@example.org", "c@example.org"], "update_source": "System"}
    partner.post(f"/partner/accounts/{account}/contacts/unsubscribe", order, expect=200)
    tokens_of(rig)
    rig.wait(86_400 * 60)
    assert {entry["effect"]["kind"] for entry in rig.journal() if entry["host"] == "mail"} == {
        *("welcome", "path", "date")
    }


def test_entries(rig: Rig) -> None:
    acme = rig.sign_in()
    before = rig.journal()[-1]["seq"]
    acme.get("/contacts", email="a@example.org")
    acme.create("a@example.org")
    acme.call("GET", "/contacts/7")
    rig.http.get("/v3/contacts")
    entries = rig.journal(before)
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("GET", "/v3/contacts", 200),
        ("POST", "/v3/contacts", 201),
        ("GET", "/v3/contacts/7", 404),
        ("GET", "/v3/contacts", 401),
    ]
    assert all(set(entry) == KEYS and entry["host"] == "api" for entry in entries)
    assert [entry["effect"] is None for entry in entries] == [True, False, True, True]
    assert entries[1]["effect"]["contact"]["address"] == "a@example.org"
    assert entries[0]["client_id"] == rig.app()["client_id"] and entries[0]["account"]
    assert entries[3]["client_id"] is None
    assert [entry["seq"] for entry in rig.journal()] == list(range(1, entries[-1]["seq"] + 1))


def test_no_secret_of_a_grant_is_written(rig: Rig) -> None:
    grant = rig.control("POST", "/token", {})
    text = json.dumps(rig.journal())
    assert grant["access_token"] not in text and grant["refresh_token"] not in text


def test_replay_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    rig = Rig(path)
    busy(rig)
    again = Simulator(journal=path, real=lambda: rig.time)
    assert again.dump() == rig.simulator.dump()
    rig.wait(60)
    assert again.dump() == rig.simulator.dump()
    assert again.journal.after(0) == rig.simulator.journal.after(0)
    used = rig.simulator.gateway.limits
    client_id = rig.app()["client_id"]
    assert again.gateway.limits.used_today(client_id, again.clock.now()) == used.used_today(
        client_id, rig.simulator.clock.now()
    )


def test_replay_of_the_array_on_a_fresh_simulator(rig: Rig) -> None:
    busy(rig)
    fresh = Simulator(real=lambda: rig.time)
    fresh.replay(rig.journal())
    assert fresh.dump() == rig.simulator.dump()


def test_reset_goes_back_to_the_seeds(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    rig = Rig(path)
    fresh = Simulator(real=lambda: rig.time, contacts=FEW).dump()
    busy(rig)
    rig.control("POST", "/reset")
    assert rig.simulator.dump() == fresh
    assert Simulator(journal=path, real=lambda: rig.time).dump() == fresh


@pytest.mark.parametrize("torn", [b'{"seq":9999,"at":1', b'{"se', b'{"seq":1,"at":1}\n'])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    rig = Rig(path)
    busy(rig)
    rig.simulator.close()
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = Simulator(journal=path, real=lambda: rig.time)
    assert again.dump() == rig.simulator.dump() and path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"Dear diary,\n", b"\x00\x01", b'{"seq":1}\n{"seq":2}\n', b'{"a":1}\n'])
def test_a_foreign_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises(JournalTrouble):
        Simulator(journal=path)
    assert path.read_bytes() == content


def test_nothing_is_ever_forgotten() -> None:
    """However many reads there are, in whichever block of lines, and wherever a reader goes on."""
    journal = Journal()
    for number in range(1, 10_001):
        journal.append(
            {"path": f"/v3/{number}", "effect": {"text": "x" * 2_000_000} if number == 9 else None}
        )
    assert [entry["path"] for entry in json.loads(journal.after(0))] == [f"/v3/{n}" for n in range(1, 10_001)]
    for after in (1, 8, 9, 10, 4_096, 4_104, 4_105, 4_106, 8_200, 8_201, 8_202, 9_999, 10_000, 10_001, 10**9):
        assert [entry["seq"] for entry in json.loads(journal.after(after))] == list(range(after + 1, 10_001))


def test_another_seed_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Simulator(journal=path, seed="one", accounts=2).close()
    assert len(Simulator(journal=path).store.accounts) == 2
    with pytest.raises(JournalTrouble, match="seed one, not two"):
        Simulator(journal=path, seed="two")


def test_the_seed_decides_everything() -> None:
    one, same, other = (Simulator(seed=seed, real=lambda: 0).dump() for seed in ("a", "a", "b"))
    assert one == same
    assert set(one["accounts"]).isdisjoint(other["accounts"])
