"""Runs what is due: claims a job, takes one step of its kind, settles. What a failure means is a table.

The one place that catches everything: an unexpected error is recorded on the job and tried again, and after
enough tries the job ends in words that say what happened.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from django.conf import settings

from connections import access, environments
from connections.constantcontact import errors
from connections.links import pausing
from connections.vault import CannotOpen
from syncjobs import jobwords, queue
from syncjobs.bulk import steps as bulk
from syncjobs.imports import steps as imports
from syncjobs.mirroring import ending
from syncjobs.mirroring import steps as mirroring
from syncjobs.models import SyncJob
from syncjobs.queue import Claim, LostClaim

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What a kind of job does: one function a stage; what it leaves said when it ends early, and how it reopens."""

    stages: dict[str, Callable[[Claim], None]]
    explain_unfinished: Callable[[SyncJob, str], None]
    reopen: Callable[[SyncJob], None]


KINDS: Final[dict[str, Kind]] = {
    "import": Kind(imports.STAGES, imports.explain_unfinished, imports.reopen),
    "bulk": Kind(bulk.STAGES, imports.explain_unfinished, imports.reopen),
    "mirror": Kind(mirroring.STAGES, ending.explain_unfinished, ending.reopen),
}


@dataclass(frozen=True)
class Reaction:
    """What follows an error: wait (for the error's own time), try again with growing pauses, ask a person, or fail."""

    action: Literal["wait", "again", "ask", "fail"]
    reason: str
    text: str
    seconds: float = 5.0


# First match wins; subclasses stand before their parents.
REACTIONS: Final[tuple[tuple[type[Exception], Reaction], ...]] = (
    (
        errors.QuotaExceeded,
        Reaction("wait", "quota_exceeded", "Today's limit is used. Goes on at 00:00 UTC.", 3600),
    ),
    (errors.QuotaRefused, Reaction("wait", "throttled", "Waiting for a turn at Constant Contact.", 1)),
    (errors.Throttled, Reaction("wait", "throttled", "Constant Contact asks to go slower.", 5)),
    (
        errors.ActivityQueueFull,
        Reaction("wait", "activity_queue_full", "The account has too much queued already.", 60),
    ),
    (
        errors.InvalidGrant,
        Reaction("ask", "needs_reauth", "The account must be reconnected; then this goes on."),
    ),
    (
        errors.InvalidClient,
        Reaction(
            "wait",
            "application_refused",
            "Constant Contact refuses the application's client id or secret. Whoever runs Patchbay corrects them; then "
            "this goes on by itself.",
            300,
        ),
    ),
    (
        # A dead grant is told by InvalidGrant; this is a token that was refused right after it was given.
        errors.Unauthorized,
        Reaction(
            "wait",
            "token_refused",
            "Constant Contact does not accept the permission it has just renewed. It is tried again by itself.",
            60,
        ),
    ),
    (
        pausing.Paused,
        Reaction("wait", "paused", "The account is paused. This goes on by itself when it is resumed.", 60),
    ),
    (
        environments.Misplaced,
        Reaction(
            "ask", "application_misplaced", "The application's addresses are not those of this environment."
        ),
    ),
    (
        CannotOpen,
        Reaction(
            "wait",
            "key_missing",
            "The key that sealed this account's tokens is not in SECRETS_KEYS. Whoever runs Patchbay puts it back "
            "(manage.py doctor names it); then this goes on by itself.",
            60,
        ),
    ),
    (
        errors.TokenError,
        Reaction(
            "wait",
            "renewal_late",
            "Constant Contact has not renewed the account's permission yet. This goes on by itself when it does.",
            30,
        ),
    ),
    (
        errors.ServerFault,
        Reaction("again", "provider_unavailable", "Constant Contact answered with a fault."),
    ),
    (errors.Unreachable, Reaction("again", "provider_unavailable", "Constant Contact cannot be reached.")),
    (
        errors.OutcomeUnknown,
        Reaction("again", "provider_unavailable", "Constant Contact did not answer in time."),
    ),
    (errors.ProviderError, Reaction("fail", "provider_refused", "Constant Contact refused a call.")),
)
UNEXPECTED: Final = Reaction(
    "again", "internal_error", "Something went wrong on our side; it is tried again."
)


def run_due(worker: str, *, for_seconds: float = 20.0, clock: Callable[[], float] = time.monotonic) -> int:
    """Run steps until nothing is due or the time is over; answers how many were run."""
    ends = clock() + for_seconds
    ran = 0
    while clock() < ends:
        claim = queue.claim_next(worker)
        if claim is None:
            return ran
        run_step(claim)
        ran += 1
    queue.ring()
    return ran


def run_step(claim: Claim) -> None:
    """One step of a claimed job, whatever comes of it."""
    kind = KINDS[claim.job.kind]
    if claim.job.attempts > settings.ENV.JOB_STEP_ATTEMPTS:
        # A step that ends its worker leaves no error behind; only the count of its claims tells.
        _settle(
            claim, lambda: _fail(claim, kind, "internal_error", "A step ended its worker again and again.")
        )
        return
    try:
        kind.stages[claim.job.stage](claim)
    except LostClaim:
        log.info("job %s was taken over or stopped", claim.job.pk)
    except Exception as error:  # the one place: a step may fail in any way, and the row must say so
        _react(claim, kind, error)
    else:
        if not claim.settled:
            raise AssertionError(f"the stage {claim.job.stage} of {claim.job.kind} did not say what follows")


def _reaction_to(claim: Claim, error: Exception) -> Reaction:
    if isinstance(error, queue.GaveUp):
        return Reaction("fail", error.reason, str(error))
    if isinstance(error, errors.Forbidden):
        try:
            found = access.explain(claim.job.connection)
        except errors.ProviderError as other:
            error = other
        else:
            return Reaction("ask" if found.is_persons else "wait", found.reason, found.text, 900)
    return next((found for wanted, found in REACTIONS if isinstance(error, wanted)), UNEXPECTED)


def _react(claim: Claim, kind: Kind, error: Exception) -> None:
    reaction = _reaction_to(claim, error)
    if reaction is UNEXPECTED:
        log.exception("job %s failed in %s", claim.job.pk, claim.job.stage)
    else:
        log.warning("job %s: %s in %s", claim.job.pk, reaction.reason, claim.job.stage)
    given_up = reaction.action == "again" and claim.job.attempts >= settings.ENV.JOB_STEP_ATTEMPTS
    if reaction.action == "fail" or given_up:
        text = f"{reaction.text} {error}" if isinstance(error, errors.ProviderError) else reaction.text
        _settle(claim, lambda: _fail(claim, kind, reaction.reason, text))
    elif reaction.action == "ask":
        _settle(claim, lambda: claim.end("attention", reason=reaction.reason, explanation=reaction.text))
    elif reaction.action == "wait":
        seconds = getattr(error, "retry_after_seconds", None) or reaction.seconds
        reason = error.reason if isinstance(error, errors.QuotaRefused) else reaction.reason
        _settle(claim, lambda: claim.defer(seconds, reason, _WAITS.get(reason, reaction.text)))
    else:
        attempts = claim.job.attempts
        _settle(
            claim, lambda: claim.defer(_pause(attempts), reaction.reason, reaction.text, attempts=attempts)
        )


_WAITS: Final = {
    "quota_exceeded": "Today's limit of calls is used. It goes on at 00:00 UTC.",
    "throttled": "Waiting for a turn: other accounts are using the same limit.",
    "provider_unavailable": "Constant Contact fails at the moment. It goes on when it answers again.",
    "share_used": "What is left of today's calls is kept for others for now. More is given out as the day goes on.",
    "account_used": "This account's calls of today are used. It goes on at 00:00 UTC.",
    "activity_queue_full": "The account has too much queued at Constant Contact already.",
}


def _fail(claim: Claim, kind: Kind, reason: str, text: str) -> None:
    kind.explain_unfinished(claim.job, text)
    claim.end("failed", reason=reason, explanation=text[:600])


def _settle(claim: Claim, action: Callable[[], None]) -> None:
    """End the step in the claim's transaction; a claim that is lost meanwhile is no error any more."""
    with suppress(LostClaim), claim.transaction():
        action()


def stop(job: SyncJob) -> bool:
    """Stop a job at a person's word, and say what became of its rows. Inside its scope."""
    if not queue.stop(job):
        return False
    KINDS[job.kind].explain_unfinished(
        job, f"the {jobwords.of(job.kind, job.options).noun} was stopped before this row was done"
    )
    return True


def retry(job: SyncJob) -> bool:
    """Let a failed or halted job go on from where it was. Inside its scope."""
    if not queue.retry(job):
        return False
    KINDS[job.kind].reopen(job)
    access.forget(job.connection)
    return True


def _pause(attempts: int) -> float:
    """Seconds before the next try: 2, 4, 8 ... a minute at most."""
    return float(min(60, 2**attempts))
