"""The benchmarks in their short forms: every figure of ours holds, and the peers beside them fail as they should."""

import json
import subprocess
import sys

import pytest

from tests.benchmarks.__main__ import ROOT, TABLE, find
from tests.long import LONG_ONLY

PURE = ("P9", "P10", "P11", "speed")


@pytest.mark.parametrize("name", PURE)
def test_ours_holds(name):
    found = list(find(name)(True))
    assert all({"id", "arm", "holds"} <= set(figure) for figure in found)
    ours = [figure for figure in found if figure["arm"] == "ours"]
    assert ours and all(figure["holds"] is True for figure in ours), ours


def test_a_client_that_knows_of_no_other_is_refused():
    """The control arm: without a shared ledger the same limiter says no, so it can."""
    peers = [figure for figure in find("P9")(True) if figure["arm"] != "ours"]
    assert [round(figure["refused_share"], 1) for figure in peers if figure["processes"] == 4] == [0.8]


@LONG_ONLY
@pytest.mark.parametrize("name", ["P12", "P9-real"])
def test_ours_holds_in_the_long_run(name):
    """A process of its own: it makes a database, and workers."""
    command = [sys.executable, "-m", "tests.benchmarks", name, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (found, done.stderr)


def test_the_table_names_what_exists():
    assert all(callable(find(name)) for name in TABLE)
