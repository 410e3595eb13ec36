"""Rows of the mapping: the provider's catalog as last read, and the user's choices."""

from mapping.models.catalog import RemoteField, RemoteList
from mapping.models.maps import AppField, FieldMapping, ListMapping

__all__ = ["AppField", "FieldMapping", "ListMapping", "RemoteField", "RemoteList"]
