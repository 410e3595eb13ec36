"""The interface to Celery: each task takes no payload, calls one function and returns nothing."""

import os

from celery import current_task, shared_task

from syncjobs import heartbeat, retention, runner, webhooksending, webhookslots
from syncjobs.imports import scratch


def _worker() -> str:
    return f"{current_task.request.hostname}:{os.getpid()}"


@shared_task(name="syncjobs.tasks.run")
def run() -> None:
    """A bell rang: look what is due."""
    runner.run_due(_worker())


@shared_task(name="syncjobs.tasks.sweep")
def sweep() -> None:
    """By the clock: whatever a lost bell left behind."""
    heartbeat.note()
    scratch.sweep()
    runner.run_due(_worker())


@shared_task(name="syncjobs.tasks.deliver")
def deliver() -> None:
    """A bell rang, or the clock did: send the webhook deliveries that are due, if others leave a process for it."""
    with webhookslots.taken() as seconds:
        webhooksending.send_due(for_seconds=seconds)


@shared_task(name="syncjobs.tasks.tidy")
def tidy() -> None:
    """By the clock: let go of what is kept no longer."""
    retention.tidy()
