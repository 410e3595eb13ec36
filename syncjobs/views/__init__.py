"""Pages where data moves, by subject."""
