"""Whether the long forms of tests are wanted: more rounds, every fault, every look."""

import os

import pytest

LONG = bool(os.environ.get("PATCHBAY_LONG"))
LONG_ONLY = pytest.mark.skipif(not LONG, reason="PATCHBAY_LONG is not set")
