"""Who may be written: the whole table by hand, and random lives in which nobody is made mailable against their will.

The table follows reference.md 3.11 and 3.12 and the public contract's rules of consent; the provider of the random
lives is written from 3.11 alone.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.consent import Call, Contact, Evidence, Will, decide, may_import
from mapping.forms_basis import KINDS, BasisForm
from mapping.models import ConsentBasis
from tests.long import LONG

THEN = datetime(2026, 3, 1, tzinfo=UTC)
PERMISSIONS = ["implicit", "explicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"]


def shown(will, at=THEN):
    return Evidence(will, "checkout form", at, "Yes, send me the newsletter")


KEEP = ({Call.IMPORT, Call.UPDATE}, "", "", "", "")
SIGN_UP = ({Call.SIGN_UP}, "explicit", "Contact", "", "")
ASK = ({Call.RESUBSCRIBE}, "", "", "skipped", "awaiting_confirmation")
OPTED_OUT = (set(), "", "", "skipped", "opted_out")
DELETED = (set(), "", "", "skipped", "deleted_there")
TABLE = {
    # none -> import or POST: implicit, Account; the sign-up form: explicit, Contact.
    (None, Will.NONE): (set(), "", "", "rejected", "consent_basis_missing"),
    (None, Will.BASIS): ({Call.IMPORT, Call.CREATE}, "implicit", "Account", "", ""),
    (None, Will.RECORDED): ({Call.CREATE, Call.IMPORT}, "explicit", "Account", "", ""),
    (None, Will.SIGN_UP): SIGN_UP,
    (None, Will.OPT_IN_AGAIN): SIGN_UP,
    # any existing -> import: unchanged; explicit only on recorded evidence or the person's own act.
    **{
        (there, will): line
        for there in ("implicit", "explicit", "not_set")
        for will, line in {
            Will.NONE: KEEP,
            Will.BASIS: KEEP,
            Will.RECORDED: ({Call.UPDATE, Call.IMPORT}, "explicit", "", "", ""),
            Will.SIGN_UP: SIGN_UP,
            Will.OPT_IN_AGAIN: SIGN_UP,
        }.items()
    },
    # Not ours to decide while somebody is to confirm, or is held back.
    **{
        (there, will): line
        for there in ("pending_confirmation", "temp_hold")
        for will, line in {
            Will.NONE: KEEP,
            Will.BASIS: KEEP,
            Will.RECORDED: KEEP,
            Will.SIGN_UP: SIGN_UP,
            Will.OPT_IN_AGAIN: SIGN_UP,
        }.items()
    },
    # Unsubscribed, by whomever: never written back; with evidence the provider asks the person.
    ("unsubscribed", Will.NONE): OPTED_OUT,
    ("unsubscribed", Will.BASIS): OPTED_OUT,
    ("unsubscribed", Will.RECORDED): ASK,
    ("unsubscribed", Will.SIGN_UP): ASK,
    ("unsubscribed", Will.OPT_IN_AGAIN): ASK,
}


def told(decision):
    return (
        set(decision.calls),
        decision.permission,
        decision.opt_in_source,
        decision.outcome,
        decision.reason,
    )


@pytest.mark.parametrize(("there", "will"), TABLE)
def test_the_table(there, will):
    for source in ("Account", "Contact"):
        contact = Contact(there, opt_out_source=source if there == "unsubscribed" else "")
        assert told(decide(contact, shown(will))) == TABLE[there, will]


def test_the_table_knows_every_case():
    assert set(TABLE) == {(there, will) for there in [None, *PERMISSIONS] for will in Will}


@pytest.mark.parametrize("will", Will)
@pytest.mark.parametrize("there", PERMISSIONS)
def test_nobody_is_brought_back_who_was_deleted(there, will):
    assert told(decide(Contact(there, deleted=True), shown(will))) == DELETED


@pytest.mark.parametrize("will", [Will.RECORDED, Will.SIGN_UP, Will.OPT_IN_AGAIN])
@pytest.mark.parametrize("missing", [{"source": ""}, {"at": None}, {"text": ""}])
def test_an_opt_in_needs_its_whole_evidence(will, missing):
    for contact in (Contact(), Contact("implicit"), Contact("unsubscribed")):
        decision = decide(contact, replace(shown(will), **missing))
        assert told(decision) == (set(), "", "", "rejected", "consent_evidence_missing")


def test_the_confirmation_mail_goes_out_once_ever():
    assert told(decide(Contact("unsubscribed", asked_again=True), shown(Will.OPT_IN_AGAIN))) == OPTED_OUT


def test_an_opt_in_older_than_the_opt_out_asks_nobody():
    contact = Contact("unsubscribed", opted_out_at=THEN + timedelta(days=1))
    assert told(decide(contact, shown(Will.RECORDED))) == OPTED_OUT
    assert told(decide(contact, shown(Will.RECORDED, THEN + timedelta(days=2)))) == ASK


@pytest.mark.parametrize(
    ("standing", "reason"),
    [("absent", ""), ("active", ""), ("unsubscribed", "opted_out"), ("deleted", "deleted_there")],
)
def test_an_import_carries_who_may_be_carried(standing, reason):
    decision = may_import(standing)
    assert (decision.send, decision.reason) == (not reason, reason)


# --- random lives ---------------------------------------------------------------------------------------------------

OUT, IN = {"unsubscribed"}, {"implicit", "explicit"}
# What happens to a person without us.
LIFE = ["opts_out", "account_opts_out", "deleted_there", "confirms", "held", "released"]


def provider(contact, call, permission):
    """Reference 3.11: what a call makes of a contact, consent or not."""
    there = contact.permission
    if call is Call.RESUBSCRIBE:
        return replace(contact, asked_again=True)
    if there is None:
        return Contact(
            {Call.SIGN_UP: "explicit", Call.IMPORT: "implicit"}.get(call, permission or "implicit")
        )
    if call is Call.IMPORT:
        # Unsubscribed people are left alone; deleted ones revive.
        return contact if there == "unsubscribed" else replace(contact, deleted=False)
    if call is Call.SIGN_UP:
        return Contact("explicit")
    return replace(contact, deleted=False, permission=permission or there)


def life(contact, event, now):
    if event in ("opts_out", "account_opts_out") and contact.permission:
        source = "Contact" if event == "opts_out" else "Account"
        return replace(contact, permission="unsubscribed", opt_out_source=source, opted_out_at=now)
    if event == "deleted_there" and contact.permission:
        return replace(contact, deleted=True)
    if event == "confirms" and contact.asked_again and contact.permission == "unsubscribed":
        return replace(contact, permission="explicit", opt_out_source="", opted_out_at=None)
    if event == "held" and contact.permission == "implicit":
        return replace(contact, permission="temp_hold")
    if event == "released" and contact.permission == "temp_hold":
        return replace(contact, permission="implicit")
    return contact


def is_mailable(contact):
    return contact.permission in IN and not contact.deleted


WRITES = st.tuples(st.sampled_from(list(Will)), st.booleans(), st.integers(-5, 5), st.integers(0, 3))


@settings(max_examples=5_000 if LONG else 300, deadline=None)
@given(
    st.one_of(st.none(), st.sampled_from(PERMISSIONS)),
    st.lists(st.one_of(st.sampled_from(LIFE), WRITES), max_size=25),
)
def test_no_life_in_which_we_make_somebody_mailable_against_their_will(there, events):
    contact = Contact(there)
    for day, event in enumerate(events):
        now = THEN + timedelta(days=day)
        if isinstance(event, str):
            contact = life(contact, event, now)
            continue
        will, complete, age, which = event
        evidence = shown(will, now + timedelta(days=age)) if complete else Evidence(will)
        decision = decide(contact, evidence)
        if not decision.calls:
            continue
        call = decision.calls[which % len(decision.calls)]
        after = provider(contact, call, decision.permission)
        if contact.deleted or contact.permission in OUT:
            assert not is_mailable(after)
            assert call is Call.RESUBSCRIBE and not contact.asked_again
        if after.permission == "explicit" != contact.permission:
            assert evidence.is_complete and will in (Will.RECORDED, Will.SIGN_UP, Will.OPT_IN_AGAIN)
        contact = after


def test_nobody_records_a_basis_without_choosing_one():
    assert '<option value="" selected>' in str(BasisForm()["kind"])
    form = BasisForm({"kind": "", "statement": "They book with us."})
    assert [kind for kind, _ in KINDS] == ["", *ConsentBasis.Kind.values]
    assert form.errors == {"kind": ["Choose who these people are to the account's owner."]}
