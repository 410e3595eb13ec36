"""Where an import is, in words and numbers that add up; every number is one that was counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, Sum

from syncjobs import jobwords
from syncjobs.jobwords import Words
from syncjobs.mirroring.steps import READING
from syncjobs.models import Batch, ImportRow, SyncJob

PHASES: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("Preparing lists, tags and fields", frozenset({"preparing", "naming"})),
    ("Reading the rows", frozenset({"reading", "translating", "matching"})),
    (
        "Comparing with the account",
        frozenset({*READING, "comparing", "judging"}),
    ),
    (
        "Sending",
        frozenset(
            {
                *("making", "deciding", "planning", "making_scratch", "batching", "writing"),
                *("sending", "reconciling", "guarding", "looking_up"),
            }
        ),
    ),
    ("Constant Contact is processing", frozenset({"processing"})),
    ("Checking the result", frozenset({"checking", "settling", "noting", "finishing"})),
)
# A reading sends nothing.
_OF_READING: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("Reading the account", frozenset(READING)),
    ("Counting its people", frozenset({"finishing"})),
)

REASONS: Final[dict[str, tuple[str, str]]] = {
    "missing_email": ("No e-mail address", "Add the address, or leave the person out."),
    "invalid_email": ("Not an e-mail address", "Correct the address in your file and import it again."),
    "email_too_long": ("E-mail address too long", "Constant Contact takes no address of this length."),
    "too_long": ("Value too long", "Shorten the value, or do not send this column."),
    "not_a_phone": ("Not a phone number", "Write digits, with spaces or dashes between them."),
    "not_a_date": ("Not a date", "Write dates as 2026-11-23."),
    "not_a_number": ("Not a number", "Write numbers such as 12.50."),
    "not_yes_or_no": ("Neither yes nor no", "Write yes or no."),
    "not_a_choice": (
        "Not one of the field's choices",
        "Write one of the choices as Constant Contact has it.",
    ),
    "bad_birthday": ("Birthday incomplete or impossible", "Give month and day, as numbers."),
    "control_character": ("Unreadable character", "Remove it; it often comes from copying."),
    "unknown_list": ("List not mapped", "Choose a contact list for it on the mapping page."),
    "too_many_lists": ("On too many lists", "Constant Contact takes 50 lists a person."),
    "unknown_tag": ("Tag not mapped", "Choose a tag for it on the mapping page."),
    "too_many_tags": ("Too many tags", "Constant Contact takes 50 tags a person."),
    "no_list": ("On no list", "Name a list in the row, or choose one that everyone joins."),
    "too_few_columns": ("Too few columns", "The line breaks off early, or a separator is missing."),
    "too_many_columns": ("Too many columns", "A value with a separator in it needs quotation marks."),
    "nul_byte": ("Unreadable character", "Save the file again as CSV UTF-8."),
    "not_utf8": ("Not UTF-8", "Save the file again as CSV UTF-8."),
    "field_too_long": ("Value far too long", "A quotation mark may be missing."),
    "line_too_long": ("Line far too long", "A quotation mark may be missing."),
    "unterminated_quote": ("Quotation mark never closed", "Close it, or remove it."),
    "stray_quote": ("Stray quotation mark", "Double it inside a quoted value, or remove it."),
    "unnamed_column": ("Value under no column name", "Name the column, or remove the value."),
    "duplicate": ("Same address again further down", "The last line counts, as at Constant Contact itself."),
    "opted_out": ("Unsubscribed at Constant Contact", "Nothing: people who unsubscribed stay unsubscribed."),
    "awaiting_confirmation": (
        "Unsubscribed, and asked to confirm",
        "Nothing: Constant Contact sends its confirmation mail, and only the person can answer it.",
    ),
    "consent_basis_missing": (
        "New, and no basis is recorded",
        "Record on what basis the account writes to new people, on the account's page; then send the rows again.",
    ),
    "consent_evidence_missing": (
        "Opt-in without evidence",
        "Send consent.evidence with its source, time and text.",
    ),
    "deleted_there": (
        "Deleted at Constant Contact",
        "Nothing: people who were deleted there are not brought back.",
    ),
    "same": ("The same already", "Nothing: the account has these values."),
    "not_tagged": (
        "Without its tags",
        "The person is there; set the tags at Constant Contact, or import again.",
    ),
    "not_taken_off": (
        "Still with a list or tag",
        "The person is there; take it off at Constant Contact, or send the row again.",
    ),
    "there_already": ("In the account already", "Nothing: the write was asked to leave such people alone."),
    "not_there": ("Not in the account", "Nothing: there is nobody to delete, unsubscribe or change."),
    "unsubscribed": ("Unsubscribed by this write", "Nothing."),
    "unknown_custom_field": ("No such custom field", "Create it, or send the rows with create_missing."),
    "not_taken": (
        "Not taken by Constant Contact",
        "Look at the value that its message names, and import it again.",
    ),
    "newer_there": ("Changed there meanwhile", "Nothing, or import them again: the newer values stayed."),
    "not_sent": ("Not sent", "Retry the job, or start it again."),
    "not_confirmed": ("Sent, but never confirmed", "Look at the account before you send it again."),
}


@dataclass(frozen=True)
class Progress:
    """What the job's page and its fragment show."""

    words: Words
    word: str
    sentence: str
    stages: list[dict[str, str]]
    percent: int | None
    sent: int
    to_send: int
    settled: int

    @property
    def note(self) -> str:
        """What stands under the bar."""
        if not self.to_send:
            return ""
        sent = f"{self.sent:,} of {self.to_send:,} people sent"
        return f"{sent}. How their rows ended is counted once Constant Contact is done with them."


def describe(job: SyncJob) -> Progress:
    """One job in words. Inside its scope."""
    return describe_all([job])[0][1]


def describe_all(jobs: Sequence[SyncJob]) -> list[tuple[SyncJob, Progress]]:
    """Jobs in words, by one query for all of them. Inside their scope."""
    found = (
        Batch.objects.filter(job_id__in=[job.pk for job in jobs])
        .order_by()
        .values("job_id")
        .annotate(
            planned=Sum("whole_count", filter=Q(depth=0), default=0),
            out=Sum("whole_count", filter=Q(depth=0) & ~Q(state=Batch.State.PLANNED), default=0),
        )
    )
    people = {row["job_id"]: (int(row["out"] or 0), int(row["planned"])) for row in found}
    return [(job, _described(job, *people.get(job.pk, (0, 0)))) for job in jobs]


def _described(job: SyncJob, sent: int, to_send: int) -> Progress:
    return Progress(
        jobwords.of(job.kind, job.options),
        _word(job, sent),
        _sentence(job, sent),
        _stages(job),
        _percent(job, sent, to_send),
        sent,
        to_send,
        sum(job.outcome_counts.values()),
    )


def _word(job: SyncJob, sent: int) -> str:
    if job.state == "done":
        return "Done with rejects" if job.rejected else "Done"
    if job.state == "failed":
        return "Failed part-way" if sent else "Failed, nothing changed"
    return str(job.get_state_display())


def _sentence(job: SyncJob, sent: int) -> str:
    if job.state == "done":
        if job.options.get("dry_run") or job.kind == "mirror":
            return job.explanation
        there = job.created + job.updated + job.unchanged
        # A row and not a person: of an address that comes again only one counts.
        rows = "row is" if job.accepted == 1 else "rows are"
        source = jobwords.of(job.kind, job.options).source
        sentence = f"{there:,} of {job.accepted:,} {rows} at Constant Contact as {source} says."
        return f"{sentence} {job.explanation}".strip()
    if job.state == "attention":
        return job.explanation
    if job.state == "failed":
        rest = "Some people were sent; the rows below say which." if sent else "Nothing was sent."
        return job.explanation if job.kind == "mirror" else f"{job.explanation} {rest}"
    if job.state == "stopped":
        if job.kind == "mirror":
            return "It was stopped. The next import or reading begins anew."
        return "It was stopped. What had been sent stays sent; the rows below say which."
    if job.state == "waiting" and job.explanation:
        return job.explanation
    if job.state == "queued" and job.started_at is None:
        return "It starts in a moment."
    return f"{_current_phase(job)}."


def _current_phase(job: SyncJob) -> str:
    return next((name for name, stages in _phases(job) if job.stage in stages), "Working")


def _phases(job: SyncJob) -> tuple[tuple[str, frozenset[str]], ...]:
    return _OF_READING if job.kind == "mirror" else PHASES


def _stages(job: SyncJob) -> list[dict[str, str]]:
    phases = _phases(job)
    position = next((number for number, (_, stages) in enumerate(phases) if job.stage in stages), 0)
    # The second export, after a batch was not whole, belongs to the check at the end.
    if job.cursor.get("verified") and job.stage not in {"settling", "noting", "finishing"}:
        position = len(phases) - 1
    found = []
    for number, (name, _) in enumerate(phases):
        if job.state == "done" or number < position:
            state = "done"
        elif number > position:
            state = "todo"
        elif job.state in {"failed", "stopped"}:
            state = "failed"
        else:
            state = "waiting" if job.state in {"attention", "waiting"} and job.explanation else "current"
        found.append({"label": name, "state": state, "note": ""})
    return found


def _percent(job: SyncJob, sent: int, to_send: int) -> int | None:
    """Whole stages behind, and within the sending the share that went out; nothing is guessed."""
    if job.state == "done":
        return 100
    if job.is_over:
        return None
    behind = sum(1 for stage in _stages(job) if stage["state"] == "done")
    within = sent / to_send if job.stage in {"sending", "reconciling"} and to_send else 0
    return round(100 * (behind + within) / len(_phases(job)))


def counters(job: SyncJob, address: str) -> list[dict[str, Any]]:
    """The rows by outcome, and those that have none yet: they add up at every moment. `address` is their page's."""
    words = {"unchanged": "No change"}
    found = [
        {
            "label": words.get(name, name.capitalize()),
            "status": words.get(name, name.capitalize()),
            "value": count,
            "url": f"{address}?outcome={name}" if count else "",
        }
        for name, count in job.outcome_counts.items()
    ]
    undecided = job.accepted - sum(job.outcome_counts.values())
    if undecided > 0:
        found.append({"label": "Still open", "tone": "idle", "icon": "queued", "value": undecided, "url": ""})
    return found


def title_of(reason: str) -> str:
    """What a row's reason is called."""
    return REASONS.get(reason, (reason, ""))[0]


def groups(job: SyncJob) -> list[dict[str, Any]]:
    """Skipped and rejected rows by reason, the most first, each with what it means and what to do. Inside its scope."""
    found = (
        ImportRow.objects.filter(job=job, outcome__in=["rejected", "skipped"])
        .order_by()
        .values("outcome", "reason")
        .annotate(count=Count("id"))
        .order_by("outcome", "-count", "reason")
    )
    return [
        {
            **row,
            "title": REASONS.get(row["reason"], (row["reason"], ""))[0],
            "cure": REASONS.get(row["reason"], ("", ""))[1],
        }
        for row in found
    ]
