"""The provider's open points turned one at a time: with PATCHBAY_LONG all of them, and the figures are printed;
otherwise the one where it matters most.
"""

import json
import subprocess
import sys

import pytest

from tests.benchmarks.__main__ import ROOT
from tests.long import LONG, LONG_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200 if LONG else 300)]


@pytest.mark.parametrize(
    "name",
    [
        "flips-limit",
        pytest.param("flips-import", marks=LONG_ONLY),
        pytest.param("flips-kills", marks=LONG_ONLY),
    ],
)
def test_it_holds_whatever_the_answer_is(name: str) -> None:
    """A process of its own: it changes settings, and makes a database and workers."""
    command = [sys.executable, "-m", "tests.benchmarks", name, "--json", *([] if LONG else ["--short"])]
    found = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            found.append(json.loads(line))
    assert found
    assert [figure for figure in found if not figure["holds"]] == []
    assert process.returncode == 0
