"""Every answer of every switch, by what a caller sees: a switch without a behaviour fails here."""

import pytest

from connections.simulator.switch_table import TABLE, Answer
from tests.simulator import (
    behaviours_of_access,
    behaviours_of_data,
    behaviours_of_jobs,
    behaviours_of_people,
    behaviours_of_refusals,
)
from tests.simulator.behaviours import BEHAVIOURS
from tests.simulator.rig import Rig

# Importing a module registers its behaviours.
MODULES = (
    behaviours_of_access,
    behaviours_of_data,
    behaviours_of_jobs,
    behaviours_of_people,
    behaviours_of_refusals,
)


def test_every_switch_has_a_behaviour() -> None:
    assert {switch.name: set(switch.answers) for switch in TABLE} == {
        name: set(expected) for name, (_, expected) in BEHAVIOURS.items()
    }
    for name, (_, expected) in BEHAVIOURS.items():
        seen = [repr(value) for value in expected.values()]
        assert len(set(seen)) == len(seen), f"{name}: two answers look alike"


@pytest.mark.parametrize(
    ("name", "answer"), [(item.name, answer) for item in TABLE for answer in item.answers]
)
def test_answer(rig: Rig, name: str, answer: Answer) -> None:
    observe, expected = BEHAVIOURS[name]
    rig.switch(**{name: answer})
    assert observe(rig) == expected[answer]
