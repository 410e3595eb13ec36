"""The lease on one contact, against PostgreSQL."""

from uuid import uuid4

import pytest
from django.db import connection as database

from connections.constantcontact.errors import OutcomeUnknown, WrongShape
from mapping import contactlocks
from mapping.contactlocks import Busy, Lease, held
from mapping.models import ContactLock


@pytest.fixture
def account(world):
    return world.connection()


def run_out(world):
    with world.scope().transaction(), database.cursor() as cursor:
        cursor.execute("UPDATE mapping_contactlock SET until = clock_timestamp() - interval '1 second'")


def locks(world):
    with world.scope().transaction():
        return ContactLock.objects.count()


def test_one_at_a_time_and_free_for_the_next(world, account):
    contact_id = uuid4()
    with held(account, contact_id):
        assert not Lease(account, contact_id).take()
        assert Lease(account, uuid4()).take()
    assert Lease(account, contact_id).take()


def test_who_was_too_slow_finds_out_before_writing(world, account):
    first, second = Lease(account, contact_id := uuid4()), Lease(account, contact_id)
    assert first.take()
    run_out(world)
    assert second.take()
    with pytest.raises(Busy):
        first.renew()
    first.give_back()
    second.renew()


def test_it_is_given_back_whatever_happened_but_for_a_write_that_may_still_arrive(world, account):
    contact_id = uuid4()
    for error in (ValueError(), WrongShape("", method="PUT"), OutcomeUnknown("", method="GET")):
        with pytest.raises(type(error)), held(account, contact_id):
            raise error
        assert locks(world) == 0
    with pytest.raises(OutcomeUnknown), held(account, contact_id):
        raise OutcomeUnknown("", method="PUT")
    assert locks(world) == 1
    assert not Lease(account, contact_id).take()
    run_out(world)
    assert Lease(account, contact_id).take()


def test_who_cannot_wait_that_long_is_told(world, account, monkeypatch):
    monkeypatch.setattr(contactlocks, "WAIT_SECONDS", 0.05)
    contact_id = uuid4()
    assert Lease(account, contact_id).take()
    with pytest.raises(Busy), held(account, contact_id):
        raise AssertionError("it is somebody else's")


def test_no_transaction_is_open_meanwhile(world, account):
    with world.scope().transaction(), pytest.raises(RuntimeError), held(account, uuid4()):
        raise AssertionError("the provider would be called inside a transaction")
