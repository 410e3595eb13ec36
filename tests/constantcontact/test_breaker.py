"""A pool rests when half of its last twenty calls failed, and wakes by one call that goes well."""

import pytest

from connections.constantcontact import errors
from connections.constantcontact.breaker import REST_SECONDS, Breaker
from connections.constantcontact.outcomes import Signal
from tests.constantcontact.stage import THROTTLED, Clock, Ledger, Stage, answer

FAULT, GOOD = Signal.SERVER_FAULT, Signal.ANSWERED


class Resting(Ledger):
    """A ledger that asks the breaker first."""

    def __init__(self, breaker):
        super().__init__()
        self.breaker = breaker

    def admit(self, request):
        self.breaker.enter()
        return super().admit(request)


def linked(reply, breaker):
    return Stage(reply, ledger=Resting(breaker), record=lambda record: breaker.note(record.outcome))


def filled(clock, faulty, good):
    breaker = Breaker(clock)
    for number in range(faulty + good):
        breaker.enter()
        breaker.note(FAULT if number >= good else GOOD)
    return breaker


@pytest.mark.parametrize(
    ("faulty", "good", "rests"), [(9, 11, False), (10, 10, True), (19, 0, False), (20, 0, True)]
)
def test_when_it_rests(faulty, good, rests):
    breaker = filled(Clock(), faulty, good)
    if rests:
        with pytest.raises(errors.Resting) as caught:
            breaker.enter()
        assert caught.value.retry_after_seconds == REST_SECONDS
        assert isinstance(caught.value, errors.QuotaRefused) and not caught.value.may_have_happened
    else:
        breaker.enter()


def test_after_a_rest_one_call_asks_and_its_answer_decides():
    clock = Clock()
    breaker = filled(clock, 20, 0)
    clock.sleep(REST_SECONDS)
    breaker.enter()
    with pytest.raises(errors.Resting):
        breaker.enter()
    breaker.note(FAULT)
    clock.sleep(REST_SECONDS - 1)
    with pytest.raises(errors.Resting):
        breaker.enter()
    clock.sleep(1)
    breaker.enter()
    breaker.note(GOOD)
    for _ in range(9):
        breaker.enter()
        breaker.note(FAULT)
    breaker.enter()


def test_a_call_that_asked_and_was_never_heard_of_delays_and_does_not_lock():
    clock = Clock()
    breaker = filled(clock, 20, 0)
    clock.sleep(REST_SECONDS)
    breaker.enter()
    clock.sleep(REST_SECONDS)
    breaker.enter()


def test_a_resting_pool_costs_nothing():
    stage = linked(answer(503), Breaker(Clock()))
    for _ in range(8):
        with pytest.raises((errors.ServerFault, errors.Resting)):
            stage.client.contacts.counts()
    assert len(stage.wire.requests) == len(stage.ledger.permits) == 20


@pytest.mark.parametrize("reply", [answer(400, []), answer(429, THROTTLED), answer(404, []), answer(403, {})])
def test_a_refusal_is_an_answer_and_rests_nobody(reply):
    stage = linked(reply, Breaker(Clock()))
    for _ in range(30):
        with pytest.raises(errors.ProviderError) as caught:
            stage.client.contacts.counts()
        assert not isinstance(caught.value, errors.Resting)


def test_a_rest_is_not_waited_out_inside_a_call():
    stage = linked(answer(503), filled(Clock(), 20, 0))
    with pytest.raises(errors.Resting):
        stage.client.contacts.counts()
    assert stage.wire.requests == [] and stage.clock.naps == []
