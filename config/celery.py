"""Celery as a doorbell: a message says "look", never what to do; the work stands in PostgreSQL.

Settings follow what was measured: no results, no prefetching, early redelivery, short time limits, and a
publish to a dead broker fails at once so that the page that rang goes on.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup, celeryd_init, setup_logging, worker_process_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


app = Celery("patchbay")
app.conf.update(
    broker_url=settings.ENV.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 120,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        # A page that rings must not wait long for a broker that is silent; a worker may (`wait_for_bells`).
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        "max_retries": 0,
    },
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=100,
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=2_000,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_default_queue="patchbay",
    timezone="UTC",
    enable_utc=True,
    beat_schedule={
        "sweep": {
            "task": "syncjobs.tasks.sweep",
            "schedule": settings.ENV.JOB_SWEEP_SECONDS,
            "options": {"expires": 30},
        },
        "mail": {
            "task": "connections.tasks.mail",
            "schedule": settings.ENV.JOB_SWEEP_SECONDS,
            "options": {"expires": 30},
        },
        "deliver": {
            "task": "syncjobs.tasks.deliver",
            "schedule": settings.ENV.JOB_SWEEP_SECONDS,
            "options": {"expires": 30},
        },
        "renew": {
            "task": "connections.tasks.renew",
            "schedule": settings.ENV.TOKEN_SWEEP_SECONDS,
            "options": {"expires": 15},
        },
        "tidy": {"task": "syncjobs.tasks.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    },
)
app.autodiscover_tasks(["connections", "syncjobs"])


@celeryd_init.connect
def wait_for_bells(**kwargs: object) -> None:
    """A worker listens longer: its broker is silent while nothing rings."""
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": 10}


@celeryd_after_setup.connect
def divide_processes(instance: Any, **kwargs: object) -> None:  # Any: celery's worker
    """Half of the processes, which are not there yet, stay free of webhooks."""
    from syncjobs import webhookslots

    webhookslots.divide(instance.concurrency)


@setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Celery takes the logging that Django's settings made."""


@worker_process_init.connect
def forget_inherited_connections(**kwargs: object) -> None:
    """A forked child must not share its parent's database sockets."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.settings_dict["OPTIONS"].get("pool"):
            connection.close_pool()  # type: ignore[attr-defined]  # psycopg pools are newer than the stubs
