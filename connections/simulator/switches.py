"""The switches as they stand: each with its current answer, and what is wrong with a wish to turn some."""

from .switch_table import TABLE, Answer

BY_NAME = {switch.name: switch for switch in TABLE}


class Switches(dict[str, Answer]):
    """The current answer of every switch."""

    def __init__(self) -> None:
        super().__init__({switch.name: switch.default for switch in TABLE})

    def number(self, name: str) -> int:
        return int(self[name])


def faults_in(changes: object) -> list[str]:
    """What is wrong with a wish to turn switches: unknown names and answers."""
    if not isinstance(changes, dict):
        return ["an object of switch names and answers is expected"]
    problems = []
    for name, answer in changes.items():
        switch = BY_NAME.get(name)
        if switch is None:
            problems.append(f"there is no switch {name!r}")
        elif isinstance(answer, bool) or answer not in switch.answers:
            problems.append(f"{name} is one of {', '.join(map(repr, switch.answers))}")
    return problems
