"""The room of activities: one listing serves every job of an account that waits for one.

`watch` notes an activity when it was accepted. `look` lists the account's activities if it is time to, writes down
what became of all that we watch there, whoever began it, and rings the jobs whose activities are over. A job reads
`ended` and decides; it never asks the provider for a single one of its own. Nothing is watched for ever: what
stands still too long is stuck, what is not listed any more has vanished, and both are over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from connections import facts, gateway
from connections.constantcontact.client import Client
from connections.constantcontact.errors import NotFound
from connections.constantcontact.shapes import Activity
from connections.models import Connection
from syncjobs import polling, queue
from syncjobs.models import AccountLooks, SyncJob, WatchedActivity
from syncjobs.planner import IMPORTS
from syncjobs.polling import Pace, Running
from syncjobs.queue import Claim

# While one job looks, the others wait for what it finds; if it dies, they look after this.
LOOKING_SECONDS: Final = 15.0
# Listings without it before a running activity is asked for by itself, once it is old enough to be listed.
MOST_MISSING: Final = 2
LISTED_AFTER: Final = timedelta(seconds=60)
# Pages of 500; more of one account's activities are never looked through at once.
MOST_PAGES: Final = 20
LEEWAY: Final = timedelta(minutes=10)
# Times of the provider's have whole seconds: shorter runtimes are told by our own looks.
COARSE_SECONDS: Final = 5.0


def watch(job: SyncJob, activity: Activity, kind: str, rows: int) -> None:
    """From now on this activity of the job is looked for. Inside the claim's transaction."""
    looks, now = _locked(job.connection), datetime.now(UTC)
    predicted = _pace(looks, kind).predict(rows)
    WatchedActivity.objects.update_or_create(
        connection=job.connection,
        activity_id=activity.activity_id,
        defaults={
            "tenant_id": job.tenant_id,
            "environment_id": job.environment_id,
            "job": job,
            "kind": kind,
            "rows": rows,
            "since": now,
            "predicted_seconds": predicted,
            "state": activity.state,
            "results_href": activity.results_href or "",
        },
    )
    _plan(looks)


def ended(job: SyncJob) -> dict[str, WatchedActivity]:
    """The job's activities that are over, by id. Inside the scope."""
    found = WatchedActivity.objects.filter(job=job).exclude(outcome="")
    return {one.activity_id: one for one in found}


def seconds_to_look(job: SyncJob) -> float:
    """How long until a look at the account is worth it. Inside the scope."""
    due = _looks(job.connection).next_look_at
    return max(0.0, (due - datetime.now(UTC)).total_seconds()) if due else 0.0


def look(claim: Claim) -> bool:
    """List the account's activities, if it is time to and nobody else does; answers whether it was done."""
    with claim.transaction() as job:
        running = _due(job)
    if not running:
        return False
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    listed = _listed(client, running)
    missing = _asked_for(client, [one for one in running if one.activity_id not in listed])
    with claim.transaction() as job:
        heard(job, listed | missing)
    return True


def _due(job: SyncJob) -> list[WatchedActivity]:
    """What runs in the account, if this job is the one to look now."""
    now = datetime.now(UTC)
    looks = _locked(job.connection)
    running = list(WatchedActivity.objects.filter(connection=job.connection, outcome=""))
    if not running or (looks.next_look_at is not None and looks.next_look_at > now):
        return []
    looks.next_look_at = now + timedelta(seconds=LOOKING_SECONDS)
    looks.save(update_fields=["next_look_at"])
    return running


def _listed(client: Client, running: Iterable[WatchedActivity]) -> dict[str, Activity]:
    """The watched ones among the newest activities: one page, as a rule."""
    wanted = {one.activity_id for one in running}
    oldest = min(one.since for one in running) - LEEWAY
    found: dict[str, Activity] = {}
    for number, page in enumerate(client.activities.pages(), start=1):
        found |= {one.activity_id: one for one in page.items if one.activity_id in wanted}
        times = [one.created_at for one in page.items if one.created_at is not None]
        if len(found) == len(wanted) or number == MOST_PAGES or (times and min(times) < oldest):
            break
    return found


def _asked_for(client: Client, missing: list[WatchedActivity]) -> dict[str, Activity | None]:
    """One that listings have left out again and again, by itself; None when the provider does not know it."""
    old = datetime.now(UTC) - LISTED_AFTER
    for one in missing:
        if one.missing + 1 >= MOST_MISSING and one.since < old:
            try:
                return {one.activity_id: client.activities.get(one.activity_id)}
            except NotFound:
                return {one.activity_id: None}
    return {}


def heard(job: SyncJob, found: Mapping[str, Activity | None]) -> None:
    """Write down what a listing said of every watched activity of the account, and when to look again.

    Inside the claim's transaction. None stands for one that the provider does not know; one that is not in `found`
    was not listed.
    """
    now = datetime.now(UTC)
    looks = _locked(job.connection)
    over: set[object] = set()
    for one in WatchedActivity.objects.select_for_update().filter(connection=job.connection, outcome=""):
        if one.activity_id in found:
            _note(one, found[one.activity_id], now)
        else:
            one.missing += 1
        if not one.outcome and (now - one.since).total_seconds() > polling.patience(one.predicted_seconds):
            one.outcome = WatchedActivity.Outcome.STUCK
        if one.outcome:
            one.ended_at = now
            over.add(one.job_id)
            _learn(looks, one, found.get(one.activity_id))
        one.save()
    looks.last_look_at = now
    _plan(looks)
    _wake(over - {job.pk})


def _note(one: WatchedActivity, activity: Activity | None, now: datetime) -> None:
    if activity is None:
        one.outcome = WatchedActivity.Outcome.VANISHED
        return
    one.missing, one.state = 0, activity.state[:20]
    one.counters = {name: value for name, value in asdict(activity.counters).items() if value is not None}
    one.messages = [message[:300] for message in activity.errors[:20]]
    one.results_href = activity.results_href or one.results_href
    one.completed_at = activity.completed_at
    if activity.is_finished:
        outcomes = WatchedActivity.Outcome
        one.outcome = outcomes.COMPLETED if activity.is_completed else outcomes.FAILED


def _learn(looks: AccountLooks, one: WatchedActivity, activity: Activity | None) -> None:
    """How long it took, for the next prediction; only of what really came to its end."""
    if one.outcome != WatchedActivity.Outcome.COMPLETED or activity is None:
        return
    seconds = (one.ended_at - one.since).total_seconds() if one.ended_at else 0.0
    if activity.completed_at is not None and activity.created_at is not None:
        told = (activity.completed_at - activity.created_at).total_seconds()
        seconds = told if told >= COARSE_SECONDS else min(seconds, max(told, 0.0) + 1.0)
    looks.paces[one.kind] = _pace(looks, one.kind).learned(one.rows, seconds).to_json()


def _pace(looks: AccountLooks, kind: str) -> Pace:
    slope = seconds_for_thousand(kind, facts.found())
    return Pace.of(looks.paces.get(kind), settings.ENV.ACTIVITY_SECONDS, slope)


def seconds_for_thousand(kind: str, settled: Mapping[str, str]) -> float | None:
    """What an activity takes for a thousand rows, where the facts say it: of imports alone."""
    found = settled.get("import_seconds_per_1000") if kind in IMPORTS else None
    return None if found is None else float(found)


def _plan(looks: AccountLooks) -> None:
    """When to look next, after a look or after something new was begun."""
    running = WatchedActivity.objects.filter(connection_id=looks.pk, outcome="")
    found = [Running(one.since.timestamp(), one.predicted_seconds) for one in running]
    looks.next_look_at = None
    if found:
        last = max(
            looks.last_look_at.timestamp() if looks.last_look_at else 0.0, min(one.since for one in found)
        )
        looks.next_look_at = datetime.fromtimestamp(polling.next_look(found, last), UTC)
    looks.save()


def _wake(jobs: Iterable[object]) -> None:
    """Ring the jobs whose activities are over: they need not wait for their own time.

    One that is locked just now is at work, and sees for itself; waiting for it here could be mutual.
    """
    waiting = SyncJob.objects.filter(pk__in=list(jobs), state=SyncJob.State.WAITING, reason="")
    free = waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    if SyncJob.objects.filter(pk__in=list(free)).update(not_before=datetime.now(UTC)):
        transaction.on_commit(queue.ring)


def _looks(connection: Connection) -> AccountLooks:
    row, _ = AccountLooks.objects.get_or_create(
        connection=connection,
        defaults={"tenant_id": connection.tenant_id, "environment_id": connection.environment_id},
    )
    return row


def _locked(connection: Connection) -> AccountLooks:
    return AccountLooks.objects.select_for_update(of=("self",)).get(pk=_looks(connection).pk)
