"""Pages of the mapping, by subject."""
