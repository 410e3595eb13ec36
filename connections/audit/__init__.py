"""The audit: who did what, added to and never changed."""

from connections.audit.recording import ACTIONS, forget_person, record, tidy

__all__ = ["ACTIONS", "forget_person", "record", "tidy"]
