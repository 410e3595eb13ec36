"""Every operation of the client against the simulator: asked as the provider wants it, read as it answers."""

import base64
import json

import httpx
import pytest

from connections.constantcontact import errors, multipart
from connections.constantcontact.resources.partner import Partner
from connections.constantcontact.shapes import Chosen, writing
from connections.constantcontact.shapes.writing import EVERYTHING
from tests.constantcontact.provider import Provider


@pytest.fixture
def provider():
    made = Provider()
    yield made
    assert made.rig.simulator.defects == 0


@pytest.fixture
def client(provider):
    return provider.client


def make(client, email="ana@example.org", **more):
    wish = {"email_address": {"address": email, "permission_to_send": "implicit"}, **more}
    return client.contacts.create(wish)


def a_list(client, name="Scratch"):
    return client.lists.create(name).list_id


def read(client, email):
    return client.contacts.find(email, include=EVERYTHING)


def test_a_contact_is_made_found_written_and_deleted(client):
    news, tag = a_list(client), client.tags.create("vip").tag_id
    made = make(client, "Ana@Example.org", first_name="Ana", job_title="Baker", list_memberships=[news])
    found = read(client, "ana@example.org")
    assert (found.contact_id, found.create_source, found.list_memberships) == (
        made.contact_id,
        "Account",
        (news,),
    )
    body = writing.whole(found)
    body["last_name"], body["taggings"] = "Lang", [tag]
    written = client.contacts.update(made.contact_id, body)
    assert (written.first_name, written.last_name, written.job_title) == ("Ana", "Lang", "Baker")
    assert read(client, "ana@example.org").taggings == (tag,)
    client.contacts.delete(made.contact_id)
    gone = read(client, "ana@example.org")
    assert gone.deleted_at is not None and gone.list_memberships == ()
    with pytest.raises(errors.NotFound):
        client.contacts.delete(made.contact_id)


def test_writing_back_what_was_read_changes_nothing(client):
    field = client.custom_fields.create("Tier").custom_field_id
    parts = {
        "first_name": "Ana",
        "birthday_month": 2,
        "birthday_day": 29,
        "anniversary": "2020-01-31",
        "custom_fields": [{"custom_field_id": field, "value": "gold"}],
        "phone_numbers": [{"phone_number": "+1 555 0100", "kind": "mobile"}],
        "street_addresses": [{"kind": "work", "street": "1 Main St", "postal_code": "02451"}],
        "notes": [{"content": "Met at the fair"}],
        "list_memberships": [a_list(client)],
        "taggings": [client.tags.create("vip").tag_id],
    }
    make(client, **parts)
    before = read(client, "ana@example.org")
    client.contacts.update(before.contact_id, writing.whole(before))
    after = read(client, "ana@example.org")
    assert writing.whole(after) == writing.whole(before)
    assert writing.whole(after) == parts | {
        "email_address": {"address": "ana@example.org", "permission_to_send": "implicit"}
    }


def test_a_contact_read_in_part_is_not_written_back(client):
    make(client)
    with pytest.raises(ValueError, match="custom_fields"):
        writing.whole(client.contacts.find("ana@example.org"))


def test_an_address_that_is_taken_names_who_has_it(client):
    made = make(client)
    client.contacts.delete(made.contact_id)
    with pytest.raises(errors.Conflict) as caught:
        make(client)
    assert caught.value.contact_id == made.contact_id


def test_nobody_has_the_address(client):
    assert client.contacts.find("nobody+1@example.org") is None


def test_a_sign_up_creates_then_updates(client):
    news = a_list(client)
    wish = {"email_address": "bo@example.org", "list_memberships": [news], "first_name": "Bo"}
    first, second = client.contacts.sign_up_form(wish), client.contacts.sign_up_form(wish)
    assert (first.created, second.created, first.contact_id) == (True, False, second.contact_id)
    assert read(client, "bo@example.org").email_address.permission_to_send == "explicit"
    with pytest.raises(ValueError, match="list_memberships"):
        client.contacts.sign_up_form({**wish, "list_memberships": []})


def test_opting_out_and_the_one_mail_that_asks_back(client):
    news = a_list(client)
    made = make(client, list_memberships=[news])
    body = writing.whole(read(client, "ana@example.org"))
    body["email_address"]["permission_to_send"] = "unsubscribed"
    client.contacts.update(made.contact_id, body)
    standing = read(client, "ana@example.org").email_address
    assert (standing.permission_to_send, standing.opt_out_source) == ("unsubscribed", "Account")
    client.contacts.resubscribe(made.contact_id, [news])
    assert read(client, "ana@example.org").email_address.permission_to_send == "unsubscribed"
    with pytest.raises(errors.Conflict):
        client.contacts.resubscribe(made.contact_id, [news])


def test_how_many_are_new(client):
    before = client.contacts.counts(new_subscriber=True)
    make(client)
    after = client.contacts.counts(new_subscriber=True)
    assert (after.total, after.new_subscriber) == (before.total + 1, before.new_subscriber + 1)
    assert client.contacts.counts().new_subscriber is None


def test_a_segment_is_asked_again_until_it_is_ready(client):
    segment = next(one for page in client.segments.pages() for one in page.items)
    assert segment.criteria is None
    whole = client.segments.get(segment.segment_id)
    assert json.loads(whole.criteria)["criteria"]
    with pytest.raises(errors.NotReady):
        client.contacts.page(segment_id=segment.segment_id)
    assert isinstance(client.contacts.page(segment_id=segment.segment_id).items, tuple)


def test_a_list_is_renamed_and_deleted(provider, client):
    news = a_list(client)
    changed = client.lists.update(news, "News", description="Weekly", favorite=True)
    assert (changed.name, changed.description, changed.favorite) == ("News", "Weekly", True)
    (page,) = client.lists.pages(name="News", include_count=True)
    assert (page.total, page.items[0].list_id) == (1, news)
    assert provider.finished(client.lists.delete(news)).is_completed
    assert client.lists.get(news).deleted_at is not None


def test_tags(provider, client):
    tag = client.tags.create("vip")
    assert tag.tag_source == "Account"
    make(client, taggings=[tag.tag_id])
    assert client.tags.update(tag.tag_id, "VIP").name == "VIP"
    assert client.tags.get(tag.tag_id, include_count=True).contacts_count == 1
    assert client.tags.get(tag.tag_id).contacts_count is None
    (counted,) = [
        one for page in client.tags.pages(include_count=True) for one in page.items if one.name == "VIP"
    ]
    assert counted.contacts_count == 1
    with pytest.raises(errors.Conflict):
        client.tags.create("vip")
    assert provider.finished(client.tags.delete(tag.tag_id)).is_completed
    assert tag.tag_id not in {one.tag_id for one in client.tags.all()}
    with pytest.raises(errors.NotFound):
        client.tags.get(tag.tag_id)


def test_tags_come_in_pages(client):
    for number in range(3):
        client.tags.create(f"tag {number}")
    pages = list(client.tags.pages(limit=1))
    assert [len(page.items) for page in pages] == [1] * len(pages) and len(pages) >= 3
    assert [one for page in client.tags.pages(start=pages[0].next_href) for one in page.items] == [
        one for page in pages[1:] for one in page.items
    ]


def test_custom_fields_are_changed_and_deleted(client):
    field = client.custom_fields.create(
        "Tier", "single_select", metadata={"display_type": "radio"}, choices=["Gold", "Tin"]
    )
    kept = client.custom_fields.get(field.custom_field_id).choices[0]
    changed = client.custom_fields.update(field.custom_field_id, "Level", choices=[kept, "Lead"])
    assert (changed.label, changed.name) == ("Level", field.name)
    assert [(one.choice_id, one.label) for one in changed.choices] == [
        (kept.choice_id, "Gold"),
        ("3", "Lead"),
    ]
    client.custom_fields.delete(field.custom_field_id)
    with pytest.raises(errors.NotFound):
        client.custom_fields.get(field.custom_field_id)


def test_the_account_and_its_addresses(client):
    emails = client.account.emails(confirm_status="CONFIRMED")
    assert emails and all(one.confirm_status == "CONFIRMED" for one in emails)
    assert client.account.emails(role_code="CONTACT")[0].address not in repr(emails)
    with pytest.raises(ValueError, match="one filter"):
        client.account.emails(confirm_status="CONFIRMED", role_code="OTHER")
    address = client.account.physical_address()
    assert address.lines and address.city and address.country_code


# --- bulk activities ----------------------------------------------------------------------------------------


def test_a_json_import_fills_what_csv_cannot(provider, client):
    news = a_list(client)
    rows = [{"email": f"p{number}@example.org", "work_city": "Ghent"} for number in range(3)]
    done = provider.finished(client.activities.import_json(json.dumps(rows).encode(), [news]))
    assert (done.counters.person, done.counters.error) == (3, 0)
    found = read(client, "p1@example.org")
    assert found.list_memberships == (news,)
    assert found.document["street_addresses"][0]["kind"] == "work"


def test_a_json_import_is_measured_before_it_goes(provider, client):
    rows, news = b'[{"email":"a@example.org"}]', a_list(client)
    size = multipart.json_overhead([news]) + len(rows) - 2
    assert len(multipart.render_json(rows, [news])) == size
    asked = len(provider.records)
    with pytest.raises(ValueError, match="would be cut"):
        client.activities.import_json(rows, [news], body_limit=size - 1)
    assert len(provider.records) == asked
    client.activities.import_json(rows, [news], body_limit=size)
    for wrong in (b"", b"{}", b'{"email":"a"}'):
        with pytest.raises(ValueError, match="array"):
            client.activities.import_json(wrong, [news])


def test_lists_by_ids_and_by_list(provider, client):
    first, second = a_list(client, "First"), a_list(client, "Second")
    ids = tuple(make(client, f"p{number}@example.org").contact_id for number in range(3))
    done = provider.finished(client.activities.add_list_memberships(Chosen(contact_ids=ids), [first]))
    assert done.counters.items_completed == 3
    done = provider.finished(
        client.activities.add_list_memberships(Chosen(list_ids=(first,)), [second], exclude=ids[:1])
    )
    assert done.counters.items_completed == 2
    assert read(client, "p1@example.org").list_memberships == (first, second)
    provider.finished(client.activities.remove_list_memberships(Chosen(list_ids=(second,)), [first, second]))
    assert [read(client, f"p{n}@example.org").list_memberships for n in range(3)] == [(first,), (), ()]


def test_tags_by_ids_by_list_and_by_tag(provider, client):
    news, vip, old = a_list(client), client.tags.create("vip").tag_id, client.tags.create("old").tag_id
    ids = [
        make(client, f"p{n}@example.org", list_memberships=[news] if n else []).contact_id for n in range(3)
    ]
    provider.finished(client.activities.contacts_taggings_add(Chosen(list_ids=(news,)), [vip]))
    provider.finished(client.activities.contacts_taggings_add(Chosen(tag_ids=(vip,)), [old]))
    assert [read(client, f"p{n}@example.org").taggings for n in range(3)] == [(), (vip, old), (vip, old)]
    provider.finished(client.activities.contacts_taggings_remove(Chosen(contact_ids=tuple(ids[:2])), [vip]))
    assert [read(client, f"p{n}@example.org").taggings for n in range(3)] == [(), (old,), (vip, old)]


def test_deleting_in_bulk(provider, client):
    news, tag = a_list(client), client.tags.create("vip").tag_id
    field = client.custom_fields.create("Tier").custom_field_id
    ids = tuple(make(client, f"p{n}@example.org", list_memberships=[news]).contact_id for n in range(3))
    done = provider.finished(client.activities.contact_delete(Chosen(contact_ids=ids[:1])))
    assert done.counters.items_completed == 1
    provider.finished(client.activities.contact_delete(Chosen(list_ids=(news,))))
    assert all(client.contacts.get(one).deleted_at for one in ids)
    for begun in (
        client.activities.tags_delete([tag]),
        client.activities.list_delete([news]),
        client.activities.custom_fields_delete([field]),
    ):
        assert provider.finished(begun).is_completed
    assert tag not in {one.tag_id for one in client.tags.all()}
    assert field not in {one.custom_field_id for one in client.custom_fields.all()}
    assert client.lists.get(news).deleted_at is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"contact_ids": ("a",), "list_ids": ("b",)},
        {"contact_ids": ("a",) * 501},
        {"list_ids": ("a",) * 51},
        {"tag_ids": ("a",) * 51},
        {"all_active_contacts": True, "segment_id": 1},
    ],
)
def test_contacts_are_named_in_one_way_and_within_the_caps(wrong):
    with pytest.raises(ValueError, match=r"exactly one way|holds 1 to"):
        Chosen(**wrong)


def test_nothing_beyond_the_caps_is_sent(provider, client):
    asked = len(provider.records)
    everybody = Chosen(all_active_contacts=True)
    for call in (
        lambda: client.activities.add_list_memberships(everybody, ["l"] * 51),
        lambda: client.activities.add_list_memberships(everybody, []),
        lambda: client.activities.remove_list_memberships(everybody, ["l"] * 51),
        lambda: client.activities.contacts_taggings_add(everybody, ["t"] * 51),
        lambda: client.activities.contacts_taggings_remove(everybody, []),
        lambda: client.activities.contact_delete(everybody),
        lambda: client.activities.tags_delete(["t"] * 501),
        lambda: client.activities.list_delete(["l"] * 101),
        lambda: client.activities.custom_fields_delete(["f"] * 101),
        lambda: client.activities.export(exclude=["c"] * 51),
        lambda: client.activities.list_delete("a-list-id"),
    ):
        with pytest.raises(ValueError, match=r"holds 1 to|by id or by list"):
            call()
    assert len(provider.records) == asked


@pytest.mark.parametrize("early", [404, 202])
def test_an_export_of_some_when_it_is_ready(provider, client, early):
    provider.rig.switch(export_before_completion=early)
    news = a_list(client)
    ids = [make(client, f"p{n}@example.org", list_memberships=[news]).contact_id for n in range(3)]
    begun = client.activities.export(Chosen(list_ids=(news,)), fields=["email_address"], exclude=ids[:1])
    with (
        pytest.raises(errors.NotFound if early == 404 else errors.NotReady),
        client.activities.download(begun.results_href),
    ):
        pass
    done = provider.finished(begun)
    with client.activities.download(done.results_href) as chunks:
        lines = b"".join(chunks).decode().split()
    assert sorted(lines[2:]) == ["p1@example.org", "p2@example.org"]


def test_a_partners_accounts():
    provider = Provider()
    known = provider.rig.control("GET", "/partner")
    basic = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    answer = provider.rig.http.post(
        "/partners/oauth2/default/v1/token",
        headers={"Authorization": f"Basic {basic}"},
        data={"grant_type": "client_credentials"},
    )
    http = provider.linked(answer.json()["access_token"])
    http.headers["x-api-key"] = provider.rig.app()["client_id"]
    found = [one for page in Partner(http).pages() for one in page.items]
    assert {one.organization_name for one in found} >= {"Acme Bakery", "Harbor Books"}
    assert all(one.subscriber_count is not None for one in found)


@pytest.mark.parametrize("body", [b"<html>ok</html>", b'{"cut": '])
def test_a_deletion_answered_with_rubbish_is_an_unknown_outcome(body):
    from tests.constantcontact.stage import Stage

    stage = Stage(httpx.Response(200, content=body))
    with pytest.raises(errors.WrongShape) as caught:
        stage.client.contacts.delete("c1")
    assert caught.value.may_have_happened
