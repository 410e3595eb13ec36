"""A worker as Celery keeps one: processes of one parent, one queue of bells, and a clock that rings them."""

import multiprocessing
import os
import queue
import signal
import threading
import time
from types import SimpleNamespace
from typing import Final

from celery.signals import celeryd_after_setup
from django.db import connections

SPAWN: Final = multiprocessing.get_context("fork")


class Workers:
    """So many processes that take bells in turn; whoever is too old when it is taken is dropped, as by Celery."""

    def __init__(self, processes: int, *, every: float = 0.2, expires: float = 2.0) -> None:
        self._bells = SPAWN.Queue()
        self._processes, self._every, self._expires = processes, every, expires
        self._children: list[multiprocessing.process.BaseProcess] = []
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._ring, daemon=True)

    def __enter__(self) -> "Workers":
        from syncjobs import webhookslots

        for one in connections.all(initialized_only=True):  # what a child inherits it must not share
            one.close()
            if one.settings_dict["OPTIONS"].get("pool"):
                one.close_pool()
        celeryd_after_setup.send(sender="worker", instance=SimpleNamespace(concurrency=self._processes))
        self._children = [SPAWN.Process(target=self._work, daemon=True) for _ in range(self._processes)]
        for child in self._children:
            child.start()
        webhookslots.undivided()
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._clock.join(10)
        for child in self._children:
            child.kill()
            child.join(10)
        self._bells.cancel_join_thread()

    def _ring(self) -> None:
        while not self._over.wait(self._every):
            for name in ("deliver", "sweep"):
                self._bells.put((name, time.monotonic()))

    def _work(self) -> None:
        from connections.mail import delivery
        from syncjobs import heartbeat, runner, tasks

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            try:
                name, rung_at = self._bells.get(timeout=60)
            except queue.Empty:
                return
            if time.monotonic() - rung_at > self._expires:
                continue
            if name == "deliver":
                tasks.deliver()
            else:
                heartbeat.note()
                delivery.send_due()
                runner.run_due(f"worker:{os.getpid()}")
