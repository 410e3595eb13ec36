"""Which word a connection has, and why; the list's filters say the same of every one of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models import BooleanField, Value

from connections import health
from connections.models import Connection, ConnectionToken

ASKS, BEHIND = "The secret is refused.", "Today's limit is used."
LATE = health.RENEWAL_TROUBLES[""] + " The present permission lasts until 2031-05-04 14:05 UTC."
ENDS = datetime(2031, 5, 4, 14, 5, 59, tzinfo=UTC)
FAILED = {"failures": 3, "failure": "no_answer"}
PAUSED = {"paused_at": ENDS, "refusal": "privilege_lost"}
GONE = {"refusal": "privilege_lost"}
TABLE = [
    # status, what a job asks, what a job waits for, last error: word, sentence; renewal's failures; refusal
    ("active", "", "", "", "Working", "Connected and ready.", {}),
    ("active", "", "", "an old fault", "Working", "Connected and ready.", {}),
    ("active", "", BEHIND, "", "Late", BEHIND, {}),
    ("active", ASKS, "", "", "Needs you", ASKS, {}),
    ("active", ASKS, BEHIND, "", "Needs you", ASKS, {}),
    ("active", "", "", "", "Late", LATE, FAILED),
    ("active", "", BEHIND, "", "Late", LATE, FAILED),
    ("active", ASKS, "", "", "Needs you", ASKS, FAILED),
    ("active", ASKS, "", "Its role was lowered.", "Needs you", "Its role was lowered.", GONE),
    ("active", "", "", "Its role was lowered.", "Needs you", "Its role was lowered.", GONE | FAILED),
    ("needs_reauth", "", "", "", "Needs you", "Reconnect it to go on.", {}),
    ("needs_reauth", "", "", "Access was taken away.", "Needs you", "Access was taken away.", FAILED),
    ("needs_reauth", ASKS, BEHIND, "", "Needs you", "Reconnect it to go on.", {}),
    ("connecting", "", "", "", "Needs you", "Connecting has not finished. Connect again.", {}),
    ("post_install_error", "", "", "Not read.", "Needs you", "Not read.", {}),
    (
        "active",
        ASKS,
        BEHIND,
        "",
        "Paused",
        "Nothing is read or sent for it until it is resumed.",
        PAUSED,
    ),
    ("validation_error", "", "", "", "Stopped", "Constant Contact refused this link.", {}),
    ("validation_error", ASKS, BEHIND, "No such account.", "Stopped", "No such account.", FAILED),
]


def described(facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is the connection's own, and what is its token's."""
    own = {"refusal", "paused_at"}
    return {k: v for k, v in facts.items() if k in own}, {k: v for k, v in facts.items() if k not in own}


@pytest.mark.parametrize(("status", "asks", "behind", "error", "word", "sentence", "facts"), TABLE)
def test_the_word_and_the_sentence(
    status: str, asks: str, behind: str, error: str, word: str, sentence: str, facts: dict[str, Any]
) -> None:
    own, tokens = described(facts)
    row = Connection(status=status, last_error=error, **own)
    row.token = ConnectionToken(expires_at=ENDS, **tokens)
    found = health.of(row, asks=asks, behind=behind)
    assert (found.word, found.sentence) == (word, sentence)


@pytest.mark.parametrize("reason", health.RENEWAL_TROUBLES)
def test_every_trouble_of_a_renewal_has_its_words_and_its_deadline(reason: str) -> None:
    row = Connection(status="active")
    row.token = ConnectionToken(expires_at=ENDS, failures=1, failure=reason)
    assert health.grant_of(row) == health.Grant("late", ENDS, reason)
    assert health.of(row).sentence.startswith(health.RENEWAL_TROUBLES[reason])
    assert health.of(row).sentence.endswith("2031-05-04 14:05 UTC.")


def test_a_grant_is_healthy_late_or_gone() -> None:
    row = Connection(status="active")
    row.token = ConnectionToken(expires_at=ENDS)
    assert health.grant_of(row) == health.Grant("healthy", ENDS)
    row.status = "needs_reauth"
    assert health.grant_of(row).state == "needs_reconnect"
    assert health.grant_of(Connection(status="active")).state == "needs_reconnect"


def test_every_status_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(Connection.Status.values)


def test_the_filters_say_the_same(world) -> None:
    scope = world.scope()
    for number, (status, *_, facts) in enumerate(TABLE):
        own, tokens = described(facts)
        row = world.connection(name=f"Account {number}", status=status)
        with scope.transaction():
            Connection.objects.filter(pk=row.pk).update(status=status, **own)
            ConnectionToken.objects.filter(connection=row).update(**{"failures": 0, **tokens})
    with scope.transaction():
        for number, (_, asks, behind, _, word, _, _) in enumerate(TABLE):
            row = Connection.objects.filter(account_name=f"Account {number}").alias(
                asks=Value(bool(asks), BooleanField()), behind=Value(bool(behind), BooleanField())
            )
            fits = {
                label
                for name, (label, condition) in health.CONDITIONS.items()
                if name != "reconnect" and row.filter(condition).exists()
            }
            assert fits == {word}, TABLE[number]
