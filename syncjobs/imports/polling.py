"""When to look at an account's activities: first when they are likely done, then ever more seldom. Pure."""


def predicted_seconds(rows: int) -> float:
    """When an activity over so many rows is likely done."""
    return 2.0 + rows / 5_000


def pause(polls: int) -> float:
    """Seconds after the so-many-th look: half as much again each time, half a minute at most."""
    return float(min(30.0, 2.0 * 1.5**polls))
