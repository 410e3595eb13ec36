"""Seals: bound to their row, opened by any key of the ring, turned by `rotate_keys`."""

import base64
import io
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pydantic import SecretStr

from connections import tokens, vault
from connections.constantcontact.redaction import Secret
from connections.models import ConnectionToken


def ring(monkeypatch, *names):
    entries = [f"{name}:{base64.b64encode(name.encode().ljust(32, b'.')).decode()}" for name in names]
    monkeypatch.setattr(settings.ENV, "SECRETS_KEYS", SecretStr(",".join(entries)))


def test_seal_and_open(monkeypatch):
    place = vault.Place(uuid4(), uuid4(), "access")
    ring(monkeypatch, "one")
    text = vault.seal(Secret("sensitive"), place)
    assert "sensitive" not in text
    assert vault.open_sealed(text, place).reveal() == "sensitive"
    assert vault.seal(Secret("sensitive"), place) != text
    ring(monkeypatch, "two", "one")
    assert vault.open_sealed(text, place).reveal() == "sensitive"
    assert not vault.is_current(text)
    ring(monkeypatch, "two")
    with pytest.raises(vault.CannotOpen, match="'one'"):
        vault.open_sealed(text, place)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: vault.Place(uuid4(), p.row_id, p.column),
        lambda p: vault.Place(p.tenant_id, uuid4(), p.column),
    ],
)
def test_a_seal_opens_only_in_its_place(monkeypatch, change):
    ring(monkeypatch, "one")
    place = vault.Place(uuid4(), uuid4(), "access")
    text = vault.seal(Secret("x"), place)
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(text, change(place))
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(text[:-4] + ("AAA=" if not text.endswith("AAA=") else "BBB="), place)


def test_a_seal_that_was_cut_or_changed_does_not_open(monkeypatch):
    ring(monkeypatch, "one")
    place = vault.Place(uuid4(), uuid4(), "access")
    text = vault.seal(Secret("sensitive"), place)
    for changed in (
        *(text[:end] for end in range(1, len(text))),
        f"{text}=",
        f"{text}é",
        text.replace("v1", "v2"),
    ):
        with pytest.raises(vault.CannotOpen):
            vault.open_sealed(changed, place)


@pytest.mark.parametrize(
    "text", ["", "nokey", "id:short", "id:" + base64.b64encode(bytes(16)).decode(), "a.b:" + "A" * 44]
)
def test_a_wrong_ring_is_named_without_its_key(text):
    with pytest.raises(ImproperlyConfigured) as error:
        vault.parse_ring(text)
    assert "A" * 20 not in str(error.value)


def test_rotate_keys_seals_everything_anew_and_says_what_is_stuck(monkeypatch, world):
    ring(monkeypatch, "old")
    rows = [world.connection(name=f"Account {n}") for n in range(3)]
    ring(monkeypatch, "new", "old")
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    assert "6 sealed anew" in said.getvalue()
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    assert "0 sealed anew" in said.getvalue()
    ring(monkeypatch, "new")
    row = ConnectionToken.objects.using("operator").get(connection_id=rows[0].pk)
    assert vault.open_sealed(row.access_sealed, tokens.place(row, "access")).reveal() == "access-canary"
    ring(monkeypatch, "other")
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("rotate_keys", stdout=io.StringIO())
