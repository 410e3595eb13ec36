"""Out to Constant Contact: each batch sent once, and found again where the answer was lost.

The intent is committed before a batch leaves: its bytes and its file name, which is unique. If the answer is lost,
the account's activities are searched for that name before the same bytes may be sent again.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F, Sum

from connections import gateway
from connections.constantcontact.errors import OutcomeUnknown, ServerFault
from connections.constantcontact.shapes import Activity
from syncjobs.imports.polling import pause, predicted_seconds
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim

# A lost answer: so many looks at the activities, so far apart, before the same bytes are sent again.
LOOKS = 2
FIRST_LOOK_SECONDS = 5.0
NEXT_LOOK_SECONDS = 15.0
MOST_SENDINGS = 3
PATIENCE = timedelta(hours=6)


def send(claim: Claim) -> None:
    """Send the next batch: intent first, then the bytes, then what came back."""
    with claim.transaction() as job:
        if Batch.objects.filter(job=job, state=Batch.State.SENT).exists():
            claim.advance("reconciling", cursor={})
            return
        planned = Batch.objects.filter(job=job, state=Batch.State.PLANNED).order_by("number").first()
        if planned is None:
            rows = Batch.objects.filter(job=job).aggregate(rows=Sum("row_count"))["rows"] or 0
            cursor = {"polls": 0, "since": datetime.now(UTC).isoformat()}
            claim.advance(
                "processing",
                cursor=cursor,
                after_seconds=predicted_seconds(settings.ENV.ACTIVITY_SECONDS, rows),
            )
            return
        if _is_stale(job):
            compare_again(job)
            claim.advance("counting", cursor={}, note="what the account holds was looked at too long ago")
            return
        planned.state, planned.sent_at, planned.sendings = (
            Batch.State.SENT,
            datetime.now(UTC),
            planned.sendings + 1,
        )
        planned.looked = 0
        planned.save(update_fields=["state", "sent_at", "sendings", "looked"])
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    try:
        activity = client.activities.import_csv(
            planned.file_name,
            bytes(planned.content),
            planned.list_ids,
            body_limit=max(4_000_000, settings.ENV.IMPORT_BATCH_BYTES),
        )
    except (OutcomeUnknown, ServerFault):
        with claim.transaction():
            claim.advance(
                "reconciling", cursor={}, after_seconds=FIRST_LOOK_SECONDS, note="the answer was lost"
            )
        return
    except Exception:
        # Nothing was accepted: refused by our quota, not delivered, or refused by the provider. It may go again.
        with claim.transaction():
            Batch.objects.filter(pk=planned.pk).update(state=Batch.State.PLANNED, sendings=F("sendings") - 1)
        raise
    with claim.transaction():
        _accept(planned, activity)
        claim.advance("sending", note=f"batch {planned.number}: {planned.row_count} people")


def _is_stale(job: SyncJob) -> bool:
    """Whether people may have left since the account was looked at: after a long wait, or a retry."""
    compared_at = job.options.get("compared_at")
    if compared_at is None:
        return True
    limit = timedelta(minutes=settings.ENV.COMPARE_MINUTES)
    return datetime.now(UTC) - datetime.fromisoformat(compared_at) > limit


def compare_again(job: SyncJob) -> None:
    """Take back what was planned and never sent, so that it is judged by what the account holds now.

    Inside the scope. Batches that went out, perhaps without our knowing, stay as they are. Where only addresses
    were left to send, everybody is planned again: sending whole rows a second time changes nothing.
    """
    unsent = Batch.objects.filter(job=job, state=Batch.State.PLANNED, sendings=0)
    rows = ImportRow.objects.filter(job=job, outcome="")
    if not unsent.filter(whole_rows=False).exists():
        rows = rows.filter(batch_number__in=list(unsent.values_list("number", flat=True)))
    rows.update(batch_number=None, expected="")
    unsent.delete()


def _accept(sent: Batch, activity: Activity) -> None:
    sent.state, sent.activity_id, sent.activity_state = (
        Batch.State.ACCEPTED,
        activity.activity_id,
        activity.state,
    )
    sent.save(update_fields=["state", "activity_id", "activity_state"])


def reconcile(claim: Claim) -> None:
    """Was the batch whose answer was lost accepted after all? Its file's name tells, or its time and size."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    listed = [one for page in client.activities.pages() for one in page.items]
    with claim.transaction() as job:
        owned = set(Batch.objects.exclude(activity_id="").values_list("activity_id", flat=True))
        for lost in Batch.objects.filter(job=job, state=Batch.State.SENT):
            lost.looked += 1
            found = _of_batch(lost, listed, owned)
            if found is not None:
                _accept(lost, found)
            elif lost.looked >= LOOKS and lost.sendings < MOST_SENDINGS:
                # The same bytes again: an import is by address, so even a wrong guess here changes nothing more.
                lost.state = Batch.State.PLANNED
            elif lost.looked >= LOOKS:
                lost.state = Batch.State.FAILED
            lost.save(update_fields=["state", "looked"])
        open_ones = Batch.objects.filter(job=job, state=Batch.State.SENT).exists()
        claim.advance(
            "reconciling" if open_ones else "sending", after_seconds=NEXT_LOOK_SECONDS if open_ones else 0
        )


def _of_batch(lost: Batch, listed: list[Activity], owned: set[str]) -> Activity | None:
    """The activity that this batch became: by its file's name, or, where no name is ever told, by time and size."""
    if any(one.source_file_name for one in listed):
        return next((one for one in listed if one.source_file_name == lost.file_name), None)
    since = (lost.sent_at or datetime.now(UTC)) - timedelta(minutes=1)
    lines = lost.row_count + 1
    fitting = [
        one
        for one in listed
        if one.activity_id not in owned
        and one.counters.items_total == lines
        and one.created_at is not None
        and one.created_at >= since
    ]
    return fitting[0] if fitting else None


def process(claim: Claim) -> None:
    """One look at the account's activities covers every batch that is under way."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    with claim.transaction() as job:
        accepted = Batch.objects.filter(job=job, state=Batch.State.ACCEPTED).defer("content")
        waiting = {one.activity_id: one for one in accepted}
    seen: dict[str, Activity] = {}
    for page in client.activities.pages():
        seen.update({one.activity_id: one for one in page.items if one.activity_id in waiting})
        if len(seen) == len(waiting):
            break
    with claim.transaction() as job:
        for activity_id, sent in waiting.items():
            if activity_id in seen:
                _note(sent, seen[activity_id])
        running = Batch.objects.filter(job=job, state=Batch.State.ACCEPTED).exists()
        waited = datetime.now(UTC) - datetime.fromisoformat(job.cursor["since"])
        if running and waited < PATIENCE:
            polls = job.cursor["polls"] + 1
            claim.advance(
                "processing",
                cursor={**job.cursor, "polls": polls},
                after_seconds=pause(settings.ENV.ACTIVITY_SECONDS, polls),
            )
        else:
            claim.advance("checking", cursor={})


def _note(sent: Batch, activity: Activity) -> None:
    sent.activity_state = activity.state
    if activity.is_finished:
        counters = activity.counters
        sent.state = Batch.State.FINISHED if activity.is_completed else Batch.State.FAILED
        sent.counters = {
            "person": counters.person,
            "error": counters.error,
            "correctable": counters.correctable,
            "cannot_add_to_list": counters.cannot_add_to_list,
        }
        sent.messages = [message[:300] for message in activity.errors[:20]]
    sent.save(update_fields=["state", "activity_state", "counters", "messages"])
