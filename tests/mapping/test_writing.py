"""What a wish changes of a contact, what a program's words about consent mean, and that all the rest goes back."""

from datetime import UTC, datetime

import pytest

from connections.constantcontact.shapes import Contact
from connections.constantcontact.shapes.writing import whole, without_unknown
from mapping import consent
from mapping.consent import Will
from mapping.unified import naming, writing, writing_consent
from mapping.unified.naming import Field, Known, Named
from mapping.unified.writing import Change, Unfit, Wish
from mapping.unified.writing_consent import Said
from mapping.values import BadValue

MOMENT = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROOF = Said(source="shop", at=MOMENT, text="News, please")


def document(**more):
    return {
        "contact_id": "c0ffee00-0000-4000-8000-000000000001",
        "email_address": {
            "address": "nora@people.example",
            "permission_to_send": "implicit",
            "opt_in_source": "Account",
            "opt_in_date": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "confirm_status": "off",
        },
        "first_name": "Nora",
        "job_title": "Baker",
        "create_source": "Account",
        "updated_at": "2026-01-01T00:00:00Z",
        "custom_fields": [{"custom_field_id": "f1", "value": "12"}],
        "phone_numbers": [{"phone_number_id": "p1", "phone_number": "555 0100", "kind": "home"}],
        "street_addresses": [],
        "list_memberships": ["l1", "l2"],
        "taggings": ["t1"],
        "notes": [{"note_id": "n1", "created_at": "2026-01-01T00:00:00Z", "content": "Likes rye"}],
        **more,
    }


def test_all_that_was_read_goes_back_also_what_nobody_knows_yet():
    read = document(nickname="Nono", phone_numbers=[{"phone_number": "1", "kind": "home", "extension": "7"}])
    body = whole(Contact.parse(read))
    assert body["nickname"] == "Nono"
    assert body["phone_numbers"] == [{"phone_number": "1", "kind": "home", "extension": "7"}]
    assert body["email_address"] == {"address": "nora@people.example", "permission_to_send": "implicit"}
    assert body["notes"] == [{"content": "Likes rye"}]
    assert not {"contact_id", "updated_at", "create_source"} & set(body)
    assert without_unknown(body) == {name: value for name, value in body.items() if name != "nickname"}
    with pytest.raises(ValueError, match="taggings"):
        whole(Contact.parse({name: value for name, value in read.items() if name != "taggings"}))


def test_a_wish_changes_what_it_names_and_nothing_else():
    before = whole(Contact.parse(document()))
    wish = Wish(
        core={"first_name": None, "last_name": "Quill"},
        lists=Change(add=("l3", "l1"), remove=("l2",)),
        tags=Change(whole=("t2",)),
        fields={"f1": None, "f2": {"custom_field_id": "f2", "value": "x"}},
        remote={"company_name": "Acme"},
    )
    after = writing.merged(before, wish)
    assert after == {
        **{name: value for name, value in before.items() if name != "first_name"},
        "last_name": "Quill",
        "list_memberships": ["l1", "l3"],
        "taggings": ["t2"],
        "custom_fields": [{"custom_field_id": "f2", "value": "x"}],
        "company_name": "Acme",
    }
    assert writing.merged(before, Wish()) == before


def test_more_than_a_contact_can_have_is_refused_by_name():
    before = whole(Contact.parse(document(taggings=[f"t{one}" for one in range(50)])))
    with pytest.raises(Unfit) as unfit:
        writing.merged(before, Wish(tags=Change(add=("one-more",))))
    assert [name for name, _ in unfit.value.failures] == ["tags"]


@pytest.mark.parametrize(
    ("said", "has_basis", "will"),
    [
        (Said(), True, Will.BASIS),
        (Said(), False, Will.NONE),
        (Said("implicit"), True, Will.BASIS),
        (Said("implicit", source="shop"), True, Will.BASIS),
        (Said("explicit"), True, Will.RECORDED),
        (PROOF, False, Will.RECORDED),
        (Said(opt_in_source="Contact"), True, Will.SIGN_UP),
        (Said("explicit", "Contact"), True, Will.SIGN_UP),
    ],
)
def test_what_a_programs_words_mean(said, has_basis, will):
    assert said.evidence(has_basis=has_basis).will == will


@pytest.mark.parametrize(
    ("person", "said", "call", "ending"),
    [
        (consent.Contact(), Said("unsubscribed"), "create", ""),
        (consent.Contact("implicit"), Said("unsubscribed"), "opt_out", ""),
        (consent.Contact("unsubscribed"), Said("unsubscribed"), "", "unchanged"),
        (consent.Contact("implicit", deleted=True), Said("unsubscribed"), "", "skipped"),
        (consent.Contact(), Said(), "create", ""),
        (consent.Contact("implicit"), Said(), "update", ""),
        (consent.Contact("implicit"), Said("explicit"), "", "rejected"),
        (consent.Contact("unsubscribed"), Said(), "", "skipped"),
        (consent.Contact("unsubscribed"), PROOF, "resubscribe", "skipped"),
        (consent.Contact("unsubscribed", asked_again=True), PROOF, "", "skipped"),
        (consent.Contact("unsubscribed", opted_out_at=MOMENT), PROOF, "", "skipped"),
        (consent.Contact("temp_hold"), PROOF, "update", ""),
    ],
)
def test_an_opt_out_needs_no_decision_and_everything_else_does(person, said, call, ending):
    verdict = writing_consent.judge(person, said, said.evidence(has_basis=True))
    assert (verdict.call, verdict.outcome) == (call, ending)


def test_a_permission_that_nobody_knows_gives_nothing():
    strange = document()
    strange["email_address"] = {**strange["email_address"], "permission_to_send": "on_the_moon"}
    person = writing_consent.standing(Contact.parse(strange), asked_again=False)
    assert person.permission == "temp_hold"
    assert writing_consent.judge(person, PROOF, PROOF.evidence(has_basis=True)).permission == ""


def test_what_only_repeats_is_told_from_what_claims():
    contact = Contact.parse(document())
    assert Said("implicit", "Account").is_as(contact)
    assert Said("", "Account").is_as(contact)
    assert not Said("explicit").is_as(contact)
    assert not Said().is_as(contact)
    assert not Said("implicit", source="shop").is_as(contact)


def test_names_are_found_whatever_their_case_and_ids_only_as_ids():
    key = "c0ffee00-0000-4000-8000-00000000000a"
    known = Known({key: "News"})
    assert known.find(naming.named("lists.0", "nEWS")) == key
    assert known.find(naming.named("lists.0", key.upper())) == key
    assert known.unknown([Named("a", name="x"), Named("b", name="X"), Named("c", name="News")]) == [
        Named("b", name="X")
    ]


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("string", "gold", {"value": "gold"}),
        ("string", 12, {"value": "12"}),
        ("number", 0.1, {"value": "0.1"}),
        ("number", 1e22, {"value": "10000000000000000000000"}),
        ("boolean", False, {"value": "false"}),
        ("date", "3/1/2026", {"value": "2026-03-01"}),
        ("single_select", "free", {"choice_ids": ["1"]}),
        ("multi_select", ["Paid", "1"], {"choice_ids": ["2", "1"]}),
        ("string", None, None),
        ("multi_select", [], None),
        ("string", "", None),
    ],
)
def test_typed_values_as_the_provider_takes_them(kind, value, sent):
    place = Field("f1", "plan", "Plan", kind, {"1": "Free", "2": "Paid"})
    expected = None if sent is None else {"custom_field_id": "f1", **sent}
    assert naming.sent(place, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("boolean", "perhaps"),
        ("date", "soon"),
        ("single_select", ["Free", "Paid"]),
        ("single_select", "Gratis"),
        ("string", ["a"]),
        ("string", "x" * 256),
    ],
)
def test_values_that_a_field_does_not_take(kind, value):
    place = Field("f1", "plan", "Plan", kind, {"1": "Free", "2": "Paid"})
    with pytest.raises(BadValue):
        naming.sent(place, value)
