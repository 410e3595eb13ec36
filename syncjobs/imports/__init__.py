"""Bulk import: a file in, contacts at Constant Contact, every row accounted for."""
