"""Out to Constant Contact: each call sent once, its intent committed before it leaves.

The intent is the call's row: its bytes, and for a file its name, which is unique. What depends on others waits until
these are over. A call whose answer was lost is looked for (`reconciling`) before it may be sent again.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db.models import F

from connections import gateway
from connections.constantcontact.client import Client
from connections.constantcontact.errors import NotFound, OutcomeUnknown, ServerFault
from connections.constantcontact.shapes import Activity, Chosen
from connections.failpoints import failpoint
from syncjobs import activities
from syncjobs.imports import bodies, giving_up, guarding, looks, relisting
from syncjobs.models import Batch, PlannedStep, SyncJob
from syncjobs.planner import IMPORTS, Kind
from syncjobs.queue import Claim

# A lost answer: the first look comes soon, since most calls that got lost did arrive.
FIRST_LOOK_SECONDS = 5.0
# Others use the account too, and its queue of activities has an end (reference: 1,000).
MOST_UNDER_WAY = 100
OVER = (Batch.State.FINISHED, Batch.State.FAILED, Batch.State.REPLACED)


def send(claim: Claim) -> None:
    """Send the next call: intent first, then the bytes, then what came back."""
    # Where no call may leave, none is intended.
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    with claim.transaction() as job:
        planned = _next(claim, job)
        if planned is None:
            return
        planned.state, planned.sent_at = Batch.State.SENT, datetime.now(UTC)
        planned.sendings, planned.looked = planned.sendings + 1, 0
        planned.save(update_fields=["state", "sent_at", "sendings", "looked"])
    try:
        activity = CALLS[Kind(planned.kind)](client, planned)
    except (OutcomeUnknown, ServerFault):
        with claim.transaction():
            claim.advance(
                "reconciling",
                cursor={},
                after_seconds=min(FIRST_LOOK_SECONDS, settings.ENV.RECONCILE_SECONDS),
                note="the answer was lost",
            )
        return
    except Exception:
        # Nothing was accepted: refused by our quota, not delivered, or refused by the provider. It may go again.
        with claim.transaction():
            Batch.objects.filter(pk=planned.pk).update(state=Batch.State.PLANNED, sendings=F("sendings") - 1)
        raise
    failpoint("sending.answered")
    with claim.transaction() as job:
        accept(job, planned, activity)
        claim.advance("sending", note=f"{planned.kind} {planned.number}: {planned.row_count} people")


def _next(claim: Claim, job: SyncJob) -> Batch | None:
    """The call to send now; None where something else comes first, which the claim then says."""
    states = list(Batch.objects.filter(job=job).order_by("number").values_list("number", "state", "after"))
    if any(state == Batch.State.SENT for _, state, _ in states):
        claim.advance("reconciling", cursor={})
        return None
    over = {number for number, state, _ in states if state in OVER}
    ready = [
        number for number, state, after in states if state == Batch.State.PLANNED and over.issuperset(after)
    ]
    under_way = sum(state == Batch.State.ACCEPTED for _, state, _ in states)
    if not ready or under_way >= MOST_UNDER_WAY:
        _wait_or_go_on(claim, job, under_way)
        return None
    planned = Batch.objects.get(job=job, number=ready[0])
    look = looks.needed(planned, job.options.get("compared_at"), job.cursor)
    if look == "account":
        giving_up.give_up_unsent(job)
        claim.advance("counting", cursor={}, note="what the account holds was looked at too long ago")
        return None
    if planned.kind in IMPORTS and (gone := relisting.gone_list_of(job, planned)):
        claim.advance("making_scratch", cursor={"instead_of": gone})
        return None
    if look == "changes":
        guarding.start(claim, planned)
        return None
    return planned


def _wait_or_go_on(claim: Claim, job: SyncJob, under_way: int) -> None:
    """Nothing can be sent now: wait for what is under way, plan on, or it is over."""
    if under_way:
        claim.advance("processing", cursor={}, after_seconds=activities.seconds_to_look(job))
    elif PlannedStep.objects.filter(job=job, written=False).exists():
        claim.advance("batching", cursor={})
    else:
        claim.advance("checking", cursor={})


def accept(job: SyncJob, sent: Batch, activity: Activity | None) -> None:
    """Keep what the provider made of a call; None where there was nothing left to do. Inside the transaction."""
    if activity is not None:
        activities.watch(job, activity, sent.kind, sent.row_count)
    sent.state = Batch.State.ACCEPTED if activity else Batch.State.FINISHED
    sent.activity_id = activity.activity_id if activity else ""
    sent.activity_state = activity.state if activity else ""
    sent.save(update_fields=["state", "activity_id", "activity_state"])


def _csv(client: Client, call: Batch) -> Activity:
    return client.activities.import_csv(
        call.file_name, bytes(call.content), call.list_ids, body_limit=bodies.most_ever()
    )


def _json(client: Client, call: Batch) -> Activity:
    return client.activities.import_json(bytes(call.content), call.list_ids, body_limit=bodies.most_ever())


def _source(call: Batch) -> Chosen:
    """Whom a call is about: members of lists, or people by id."""
    if call.sources:
        return Chosen(list_ids=tuple(call.sources))
    return Chosen(contact_ids=tuple(json.loads(bytes(call.content))))


def _delete_scratch(client: Client, call: Batch) -> Activity | None:
    try:
        return client.activities.list_delete(call.list_ids)
    except NotFound:
        return None


CALLS: Final[dict[Kind, Callable[[Client, Batch], Activity | None]]] = {
    Kind.IMPORT_CSV: _csv,
    Kind.IMPORT_JSON: _json,
    Kind.ADD_LISTS: lambda client, call: client.activities.add_list_memberships(_source(call), call.list_ids),
    Kind.REMOVE_LISTS: lambda client, call: client.activities.remove_list_memberships(
        _source(call), call.list_ids
    ),
    Kind.EMPTY_SCRATCH: lambda client, call: client.activities.remove_list_memberships(
        _source(call), call.list_ids
    ),
    Kind.TAG_ON: lambda client, call: client.activities.contacts_taggings_add(_source(call), call.tag_ids),
    Kind.TAG_OFF: lambda client, call: client.activities.contacts_taggings_remove(
        _source(call), call.tag_ids
    ),
    Kind.DELETE_CONTACTS: lambda client, call: client.activities.contact_delete(_source(call)),
    Kind.DELETE_SCRATCH: _delete_scratch,
}
