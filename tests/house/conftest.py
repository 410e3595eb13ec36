"""Two furnished workspaces, made once for a module, and who visits them: tests look, and take back what they try."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

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


@pytest.fixture(scope="module")
def stranger(two: "Two") -> Client:
    """Signed in, owner of a workspace of their own."""
    from tests.house import visits

    return visits.quiet(two.world.client(two.world.stranger))


@pytest.fixture(scope="module")
def owner(two: "Two") -> Client:
    """Signed in, and at home."""
    from tests.house import visits

    client = visits.quiet(two.world.client(two.world.owner))
    client.get("/accounts/email/")  # allauth notes a person's own address at their first visit
    return client


@pytest.fixture(scope="module")
def member(two: "Two") -> Client:
    """Signed in, and at home as a viewer."""
    from tests.house import visits

    return visits.quiet(two.world.client(two.world.member))


@pytest.fixture
def anonymous() -> Client:
    """Nobody."""
    from tests.house import visits

    return visits.quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]))
