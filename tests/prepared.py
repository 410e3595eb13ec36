"""A migrated database of its own for a whole Patchbay, on the server that the tests stand on.

    with open_place() as place, Patchbay(place.data, "--no-demo", settings=place.settings) as patchbay:

For tests that need a whole Patchbay and are not about its first start, nor about the PostgreSQL that it brings:
`tests/first_run` starts from nothing, with a server of its own.
"""

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import plugin
from tests.harness import open_folder

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where a Patchbay of a test keeps its data, and the settings that lead it to its database."""

    data: Path
    settings: dict[str, str]


@contextlib.contextmanager
def open_place(**settings: str) -> Iterator[Place]:
    """A place that is gone at the end; `settings` are others of the run."""
    cluster = plugin.CLUSTER
    assert cluster is not None
    name = f"patchbay_{os.getpid()}_{next(NUMBERS)}"
    cluster.create_database(name, template=f"template_{plugin.migrations_digest()}")
    database = {
        "DATABASE_URL": cluster.app_url(name),
        "DATABASE_OWNER_URL": cluster.owner_url(name),
        "DATABASE_OPERATOR_URL": cluster.operator_url(name),
    }
    try:
        with open_folder() as folder:
            yield Place(folder / "data", {**database, **settings})
    finally:
        cluster.drop_database(name)
