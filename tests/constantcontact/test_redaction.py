"""What must not be shown is not shown, whichever way it is asked for."""

import copy
import dataclasses
import json
import pickle
import pprint

import httpx
import pytest

from connections.constantcontact.redaction import Secret, path_of, revealed, scrub
from connections.constantcontact.shapes import TokenGrant

CANARY = "cAnArY-7f3a91-do-not-show-me-0001"


def test_a_secret_is_only_revealed_by_its_own_name():
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>80}",
        f"{secret}",
        pprint.pformat([secret]),
    ]
    assert not any(CANARY in text for text in shown)
    assert secret.reveal() == revealed(secret) == revealed(CANARY) == CANARY


def test_a_secret_cannot_be_serialized_or_changed():
    secret = Secret(CANARY)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="seal"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps({"token": secret})
    with pytest.raises(AttributeError):
        secret._value = "other"
    with pytest.raises(TypeError):
        vars(secret)


def test_secrets_compare_and_copy():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert copy.deepcopy(Secret(CANARY)).reveal() == CANARY
    assert Secret("x")
    assert not Secret("")


def test_a_grant_shows_no_token():
    grant = TokenGrant.parse(
        {"access_token": CANARY, "refresh_token": CANARY, "expires_in": 86400, "scope": "contact_data"}
    )
    assert CANARY not in repr(grant) + str(grant) + pprint.pformat(dataclasses.asdict(grant))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h/v3/contacts?status=all&email=ana%40example.org", "/v3/contacts?email&status"),
        ("https://h/v3/contacts?cursor=bGltaXQ9NTA&cursor=x", "/v3/contacts?cursor"),
        (
            "https://h/v3/activities/5b0c6a7e-0000-4000-8000-00000000000a",
            "/v3/activities/5b0c6a7e-0000-4000-8000-00000000000a",
        ),
        ("https://h/v3/activities/contacts_file_import", "/v3/activities/contacts_file_import"),
        ("https://h/v3/contacts/ana@example.org", "/v3/contacts/[masked]"),
        ("https://h/v3/contacts/ana%40example.org/x", "/v3/contacts/[masked]/x"),
        (f"https://h/v3/x/{CANARY}", "/v3/x/[masked]"),
        ("https://h/v3/contacts?ana%40example.org=1", "/v3/contacts?[masked]"),
        ("https://user:pw@h/v3/", "/v3/"),
    ],
)
def test_a_path_keeps_ids_and_loses_values(url, path):
    assert path_of(httpx.URL(url)) == path


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Email ana+x@example.org is taken", "Email [e-mail] is taken"),
        ("email=ana%40example.org&x", "email=[e-mail]&x"),
        ("exists for contact 61d00338-4bd5-11ed-8c0a-fa163ec17584.",) * 2,
        ("key contacts.api.validation.error, reportingsvc.not_found.invalid_path_param.campaign_ids.",) * 2,
        ("token eyJraWQiOiJ4In0.eyJzdWIiOiIxIn0.c2lnbg is bad", "token [masked] is bad"),
        ("Authorization: Bearer abc, more", "Authorization: [masked] more"),
        (f"saw {CANARY} here", "saw [masked] here"),
        ("two\nlines\ttabbed", "two lines tabbed"),
    ],
)
def test_a_text_loses_tokens_and_addresses_only(text, scrubbed):
    assert scrub(text) == scrubbed


def test_a_text_is_cut():
    assert len(scrub("word " * 1_000_000)) <= 300
