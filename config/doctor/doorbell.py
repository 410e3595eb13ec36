"""The broker, who hears it, the clock that rings it, and whether anything lies about unheard."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, Min, Q

from config.celery import app
from config.doctor.findings import Check, Look
from config.programs import broker_answers
from connections.mail import delivery
from connections.models import Message
from syncjobs.heartbeat import EVERY, SWEEP
from syncjobs.models import Heartbeat, SyncJob

SILENT_FOR: Final = timedelta(seconds=120) + EVERY
WAITS_TOO_LONG: Final = timedelta(minutes=10)
OUR_TASK: Final = "syncjobs.tasks.run"
VALKEY: Final = ("redis://", "rediss://")


def broker(look: Look) -> None:
    """It answers, and does not throw messages away."""
    url = settings.ENV.BROKER_URL
    if not url.startswith(VALKEY):
        if not broker_answers(url):
            look.fault("The broker of BROKER_URL takes no connection.", "Start it, or correct BROKER_URL.")
        return
    # Comes with celery[redis].
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    once = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3, retry=once) as client:
            client.ping()
            memory = client.info("memory")
    except redis.AuthenticationError:
        look.fault("The broker refuses the password of BROKER_URL.", "Correct the password in BROKER_URL.")
        return
    except (redis.RedisError, OSError, ValueError) as error:
        look.fault(
            f"The broker of BROKER_URL does not answer ({type(error).__name__}).",
            "Start Valkey or Redis, or correct BROKER_URL. Until then jobs wait; manage.py drain runs them.",
        )
        return
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if memory.get("maxmemory") and policy != "noeviction":
        look.fault(
            f"The broker throws keys away when its memory is full (maxmemory-policy {policy}): bells would be lost.",
            "Set maxmemory-policy noeviction on the server, and give Patchbay a server of its own.",
            stops=False,
        )


def worker(look: Look) -> None:
    """Somebody hears the bell."""
    inspect = app.control.inspect(timeout=4.0, limit=1)
    known = {name: tasks for name, tasks in (inspect.registered() or {}).items() if OUR_TASK in tasks}
    look.note(f"Answered: {', '.join(sorted(known)) or 'nobody'}.")
    if not known:
        look.fault(
            "No Celery worker of Patchbay answers on this broker.",
            "Start one: celery -A config.celery worker, with the same settings. Until then manage.py drain runs jobs.",
        )


def beat(look: Look) -> None:
    """The clock rings."""
    heard = Heartbeat.objects.using("operator").filter(name=SWEEP).values_list("at", flat=True).first()
    if heard is None or datetime.now(UTC) - heard > SILENT_FOR:
        when = f"since {heard:%Y-%m-%d %H:%M:%S} UTC" if heard else "ever"
        look.fault(
            f"The clock has not been heard {when}: nothing finds what a lost bell left behind.",
            "Start celery -A config.celery beat, once for the whole deployment, with the same settings.",
        )


def jobs(look: Look) -> None:
    """Nothing that is due lies about."""
    now = datetime.now(UTC)
    letters = Message.objects.using("operator").filter(delivery.due(now - WAITS_TOO_LONG)).count()
    if letters and not settings.ENV.EMAIL_OFF:
        look.fault(
            f"{letters} messages are due and nobody sends them.",
            "Run more workers, or see in their log what keeps them. The admin site lists every message and its fate.",
        )
    due = Q(state__in=["queued", "waiting"], not_before__lt=now - WAITS_TOO_LONG) | Q(
        state="running", lease_until__lt=now - WAITS_TOO_LONG
    )
    found = SyncJob.objects.using("operator").filter(due)
    oldest = found.aggregate(first=Min(F("not_before")))["first"]
    if oldest is not None:
        minutes = int((now - oldest).total_seconds() // 60)
        look.fault(
            f"{found.count()} jobs are due and nobody takes them, the oldest for {minutes} minutes.",
            "Run more workers (celery --concurrency), or see in their log what keeps them; manage.py drain helps out.",
        )


CHECKS = (
    Check("broker", "It answers, and keeps what it is given.", broker),
    Check("worker", "A Celery worker hears the bell.", worker, needs=("broker",)),
    Check("clock of jobs", "Celery's beat rings.", beat, needs=("worker", "migrations")),
    Check("due jobs", "Nothing that is due lies about.", jobs, needs=("clock of jobs", "migrations")),
)
