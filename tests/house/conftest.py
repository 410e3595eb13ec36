"""Two furnished workspaces, made once for a module: its tests look, and take back what they try."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import empty_tables
from tests.world import World

if TYPE_CHECKING:
    from tests.house.furnish import Two


@pytest.fixture(scope="module")
def two() -> Iterator["Two"]:
    """Both sides have a row in every table."""
    from django.db import connections

    from tests.house.furnish import Two  # models need Django, which starts after this file is read

    empty_tables()
    yield Two(World.make())
    for alias in ("default", "operator"):
        connections[alias].close()
