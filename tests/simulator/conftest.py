"""Fixtures of the simulator's tests."""

from collections.abc import Iterator

import pytest

from tests.simulator.rig import Caller, Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    assert made.simulator.defects == 0


@pytest.fixture
def acme(rig: Rig) -> Caller:
    return rig.sign_in()


@pytest.fixture
def harbor(rig: Rig) -> Caller:
    return rig.sign_in("Harbor Books")
