"""When and how data moves: jobs, their steps, and what they do."""
