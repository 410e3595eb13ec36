"""When to look at an account's activities: first when they are likely done, then ever more seldom. Pure."""


def predicted_seconds(least: float, rows: int) -> float:
    """When an activity over so many rows is likely done; `least` seconds for a small one."""
    return least * (1 + rows / 10_000)


def pause(least: float, polls: int) -> float:
    """Seconds after the so-many-th look: half as much again each time, half a minute at most."""
    return float(min(30.0, least * 1.5**polls))
