"""Behaviours of switches are registered here: an observation, and what it gives for each answer."""

from collections.abc import Callable
from typing import Any

from connections.simulator.switch_table import Answer
from tests.simulator.rig import Rig

Observe = Callable[[Rig], Any]
BEHAVIOURS: dict[str, tuple[Observe, dict[Answer, Any]]] = {}


def of(name: str, expected: dict[Answer, Any]) -> Callable[[Observe], Observe]:
    """Registers the observation of a switch."""

    def register(observe: Observe) -> Observe:
        assert name not in BEHAVIOURS
        BEHAVIOURS[name] = (observe, expected)
        return observe

    return register
