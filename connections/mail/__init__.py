"""Mail: a message is a row first, then sent, and says what became of it."""

from connections.mail.messages import (
    REASONS,
    Fate,
    Off,
    awaited,
    check_address,
    check_subject,
    fate,
    is_on,
    keeps,
    outbox_is_open,
    outbox_url,
    send,
    send_again,
    wait_for,
)

__all__ = [
    "REASONS",
    "Fate",
    "Off",
    "awaited",
    "check_address",
    "check_subject",
    "fate",
    "is_on",
    "keeps",
    "outbox_is_open",
    "outbox_url",
    "send",
    "send_again",
    "wait_for",
]
