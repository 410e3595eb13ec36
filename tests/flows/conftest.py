"""Who acts in most flows: a person with one account, and a program of the same workspace.

What they are made of is imported when they are asked for: this file is read before the applications are loaded.
"""

import pytest


@pytest.fixture
def person(world, simulator):
    from tests.flows.importing import Person

    found = Person(world)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


@pytest.fixture
def program(world, person):
    from tests.flows.bulk import Sender

    return Sender(world, person)
