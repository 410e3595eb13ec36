"""What became of the calls: one look at the account's activities covers all of them; a cut or failed one goes on.

An import that ends having counted fewer people than it carried was cut: its tail is sent again. One that failed is
sent again in halves, three times at most; what it did before it failed is not done twice, since whoever is there
already as wanted, or was changed meanwhile, is told apart first (`guarding`).
"""

from typing import Final

from syncjobs import activities
from syncjobs.imports import cutting, sending
from syncjobs.models import Batch, SyncJob, WatchedActivity
from syncjobs.planner import IMPORTS
from syncjobs.queue import Claim

MOST_DEPTH: Final = 3
SAID: Final = {
    "stuck": "Constant Contact did not finish it in hours",
    "vanished": "Constant Contact does not list it any more",
}


def process(claim: Claim) -> None:
    """One look at everything that is under way in the account, unless another job has looked meanwhile."""
    activities.look(claim)
    with claim.transaction() as job:
        over = activities.ended(job)
        accepted = Batch.objects.filter(job=job, state=Batch.State.ACCEPTED, activity_id__in=list(over))
        for sent in accepted.defer("content"):
            _end(job, sent, over[sent.activity_id])
        _go_on(claim, job)


def _go_on(claim: Claim, job: SyncJob) -> None:
    """Send what may be sent now; otherwise look again, later each time."""
    states = list(Batch.objects.filter(job=job).values_list("number", "state", "after"))
    over = {number for number, state, _ in states if state in sending.OVER}
    is_ready = any(state == Batch.State.PLANNED and over.issuperset(after) for _, state, after in states)
    if is_ready or all(state != Batch.State.ACCEPTED for _, state, _ in states):
        claim.advance("sending", cursor={})
    else:
        claim.advance("processing", after_seconds=activities.seconds_to_look(job))


def _end(job: SyncJob, sent: Batch, over: WatchedActivity) -> None:
    counters = over.counters
    sent.activity_state = over.state
    sent.state = (
        Batch.State.FINISHED if over.outcome == WatchedActivity.Outcome.COMPLETED else Batch.State.FAILED
    )
    sent.counters = {
        "items": counters.get("items_total"),
        "person": counters.get("person"),
        "error": counters.get("error"),
        "correctable": counters.get("correctable"),
        "cannot_add_to_list": counters.get("cannot_add_to_list"),
    }
    sent.messages = [SAID[over.outcome]] if over.outcome in SAID else over.messages
    sent.save(update_fields=["state", "activity_state", "counters", "messages"])
    if over.outcome in SAID:
        return  # nobody knows what it did: the account will tell
    if sent.state == Batch.State.FAILED:
        _again(job, sent)
    elif sent.kind in IMPORTS and (missing := missing_of(sent)) and sent.depth < MOST_DEPTH:
        cutting.send_tail(job, sent, missing)
        sent.counters["sent_again"] = missing
        sent.save(update_fields=["counters"])


def _again(job: SyncJob, failed: Batch) -> None:
    """A failed import goes again in halves, anything else as it is."""
    if failed.kind in IMPORTS and failed.depth < MOST_DEPTH:
        cutting.send_halves(job, failed)
    elif failed.kind not in IMPORTS and failed.sendings < MOST_DEPTH:
        Batch.objects.filter(pk=failed.pk).update(state=Batch.State.PLANNED, activity_id="")


def missing_of(sent: Batch) -> int:
    """How many people at the end of an import were never counted in any way: the provider cut it. Pure.

    Those that go again in a call of their own are not missed any more.
    """
    names = ("person", "error", "correctable", "cannot_add_to_list", "sent_again")
    counted = sum(sent.counters.get(name) or 0 for name in names)
    return max(0, sent.row_count - counted)
