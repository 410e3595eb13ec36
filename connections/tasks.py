"""The ground floor's interface to Celery: tasks without payload."""

from celery import shared_task

from connections import bell, renewing
from connections.mail import delivery


@shared_task(name="connections.tasks.mail")
def mail() -> None:
    """A bell rang, or the clock did: send the messages that are due."""
    delivery.send_due()


@shared_task(name="connections.tasks.renew")
def renew() -> None:
    """By the clock: renew the grants whose moment has come."""
    renewing.run_due()


def ring_mail() -> None:
    """Wake a worker for what has just been written."""
    bell.ring("connections.tasks.mail")
