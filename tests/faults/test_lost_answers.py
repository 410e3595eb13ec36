"""Answers that never come back: what was taken is found by its file's name, what was not goes out again as it was."""

import hashlib

import pytest

from tests.faults.conftest import Stack
from tests.faults.watching import IMPORT_PATH, WITHIN

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(stack: Stack) -> None:
    unanswered = stack.release("unanswered")
    post = {"match": f"^{IMPORT_PATH}$", "method": "POST", "skip": 1, "drop_response": True}
    simulator = stack.patchbay.simulator
    simulator.ask("/_sim/faults", post)  # the second batch is taken
    simulator.ask("/_sim/faults", {**post, "status": 500})  # the third is not

    assert unanswered.wait() < WITHIN

    unanswered.assert_complete()
    batches = unanswered.batches
    assert [batch["sendings"] for batch in batches] == [1, 1, 2, *[1] * (len(batches) - 3)]
    assert [batch["looked"] for batch in batches][:2] == [0, 1]
    entries = unanswered.imports()
    assert [entry["effect"] is None for entry in entries] == [
        False,
        False,
        True,
        *[False] * (len(batches) - 2),
    ]
    again = entries[3]["effect"]["activity"]
    assert again["file_name"] == batches[2]["file_name"]
    assert hashlib.sha256(again["order"]["text"].encode()).hexdigest() == batches[2]["sha256"]
