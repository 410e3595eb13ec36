"""How one attempt ended, in one word: the retry table's key and the call log's outcome."""

from enum import StrEnum


class Signal(StrEnum):
    """How one attempt ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SIMULTANEOUS = "simultaneous"
    THROTTLED = "throttled"
    QUOTA_EXCEEDED = "quota_exceeded"
    QUEUE_FULL = "queue_full"
    SERVER_FAULT = "server_fault"
    GARBLED = "garbled"
    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"
    TOO_LARGE = "too_large"
    INTERRUPTED = "interrupted"
