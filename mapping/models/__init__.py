"""Rows of the mapping: the provider's catalog as last read, the user's choices, and the mirror."""

from mapping.models.catalog import RemoteField, RemoteList, RemoteTag
from mapping.models.consent import ConsentBasis, ConsentEntry
from mapping.models.directory import AccountDirectory
from mapping.models.locks import ContactLock
from mapping.models.maps import AppField, FieldMapping, ListMapping, TagMapping
from mapping.models.mirror import ExportChunk, MirrorContact, MirrorKey, MirrorState

__all__ = [
    "AccountDirectory",
    "AppField",
    "ConsentBasis",
    "ConsentEntry",
    "ContactLock",
    "ExportChunk",
    "FieldMapping",
    "ListMapping",
    "MirrorContact",
    "MirrorKey",
    "MirrorState",
    "RemoteField",
    "RemoteList",
    "RemoteTag",
    "TagMapping",
]
