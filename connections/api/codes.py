"""Every code that an error can have: what it means, who can do something about it, and what.

The errors guide is rendered from here, and every error names its entry; a test holds that none is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Who = Literal["you", "whoever runs Patchbay", "the account's owner", "Constant Contact", "time"]


@dataclass(frozen=True)
class Code:
    """One entry of the guide: the cause, who can mend it, and what to do."""

    cause: str
    who: Who
    cure: str


# By name, so that an entry is found by eye.
CODES: Final[Mapping[str, Code]] = {
    "account_missing": Code(
        "The call is about a linked account and names none.",
        "you",
        "Add integrated_account_id=<its id> to the query, or the header X-Integrated-Account-Id.",
    ),
    "account_paused": Code(
        "The linked account is paused, so nothing is asked of Constant Contact for it.",
        "you",
        "Resume it: PATCH /api/integrated-account/{id} with is_paused false.",
    ),
    "account_token_only": Code(
        "The token is one of a single account, and opens a few addresses only.",
        "you",
        "Send an API token from Developers; tokens of an account are for what is done in its name.",
    ),
    "account_used": Code(
        "This linked account has used the calls that one account may make in a day.",
        "time",
        "Go on after Retry-After; the day begins at 00:00 UTC.",
    ),
    "activity_queue_full": Code(
        "This account has all the bulk activities queued that Constant Contact allows it.",
        "time",
        "Wait for Retry-After; other accounts are not touched by it.",
    ),
    "awaiting_confirmation": Code(
        "This person has unsubscribed. Constant Contact was asked to send its one confirmation mail.",
        "the account's owner",
        "Nothing: who confirms by that mail can be written again. Nobody is asked a second time.",
    ),
    "body_too_large": Code(
        "The body is longer than is passed on.",
        "you",
        "Send less at once; what is for many people goes through the bulk endpoint.",
    ),
    "consent_basis_missing": Code(
        "This person is new, and no basis is recorded on which the account may write to new people.",
        "you",
        "Set it on the page that details.page names (owners and admins), or send consent with its evidence.",
    ),
    "consent_evidence_missing": Code(
        "An explicit permission or a sign-up was claimed without its source, its time, or its text or proof.",
        "you",
        "Send consent.evidence with source, at and text, or leave consent out.",
    ),
    "contact_busy": Code(
        "Others write this contact at the moment, one after the other.",
        "time",
        "Try again after Retry-After: nothing was changed. With details.may_have_happened, read the contact first.",
    ),
    "deleted_there": Code(
        "This person was deleted at Constant Contact, and is not brought back.",
        "the account's owner",
        "Who wants them back restores them in Constant Contact.",
    ),
    "delivery_under_way": Code(
        "The delivery of a webhook that is to go again is on its way still.",
        "time",
        "Read it: next_attempt_at says when it is tried next. Once it has ended, it can be sent again.",
    ),
    "dependency_failed": Code(
        "A call of a batch needs another that failed, so it was not made.",
        "you",
        "Look at the other call's error under the same `errors`, and send both again.",
    ),
    "idempotency_answer_missing": Code(
        "A call with this Idempotency-Key was made, and its answer is not here: it was too long to keep, or was cut.",
        "you",
        "Read what is there now. The same key will not make the call again.",
    ),
    "idempotency_in_progress": Code(
        "The call with this Idempotency-Key is being made at this moment.",
        "time",
        "Send it again after Retry-After; its answer will be there.",
    ),
    "idempotency_key_reused": Code(
        "The Idempotency-Key belongs to a call with another body.",
        "you",
        "Send a new call with a new key; the same call with the same key is answered as before.",
    ),
    "invalid_request": Code(
        "A parameter or a field of the body is not what it must be; details.failures names each.",
        "you",
        "Mend the fields that are named and send the call again.",
    ),
    "job_not_retryable": Code(
        "The job has not failed and does not wait for a person.",
        "you",
        "Read the job: details.state says what it is. Start a new one where this is over.",
    ),
    "job_over": Code(
        "The job is done, failed or stopped already.",
        "you",
        "Nothing is left to stop; its rows say what became of each.",
    ),
    "key_missing": Code(
        "The key that this account's tokens are sealed with is not in the key ring.",
        "whoever runs Patchbay",
        "Run manage.py doctor, and put the key back; nothing is lost.",
    ),
    "method_missing": Code(
        "Constant Contact's resource of this name cannot do this.",
        "you",
        "Use one of the methods that the message lists, or /custom/v3 for any call of Constant Contact's.",
    ),
    "mirror_missing": Code(
        "The answer was to come from our copy of the account, and there is none yet.",
        "you",
        "POST /api/integrated-account/{id}/mirror reads the account as a job; or leave out truto_super_query.",
    ),
    "missing_scope": Code(
        "The token is good, but was not made for this.",
        "you",
        "Create a token with the scope that details.missing_scopes names, under Developers.",
    ),
    "needs_reconnect": Code(
        "The leave to work on this account was taken back or ran out.",
        "the account's owner",
        "Let the owner reconnect the account; settings and history stay.",
    ),
    "no_application": Code(
        "The environment has no Constant Contact application that accounts could be linked through.",
        "whoever runs Patchbay",
        "The guide Go live leads through it; an owner or admin can also bring the workspace's own.",
    ),
    "no_such_address": Code(
        "The API has no such address, or not with this method.",
        "you",
        "Look at the reference; workflows, sync job definitions, datastores and file pickers are not part of Patchbay.",
    ),
    "not_found": Code(
        "There is no such object or address in this token's environment.",
        "you",
        "Look at the id, and whether the token belongs to the same environment, test or live.",
    ),
    "not_linked": Code(
        "The account could not be taken over; details.outcome says why, and the message what to do.",
        "you",
        "Mend what the message names and send it again: nothing that was found out is lost by that.",
    ),
    "opted_out": Code(
        "This person has unsubscribed. Only they can ask for mail again.",
        "the account's owner",
        "Send consent.evidence of an opt-in that is newer than the opt-out, if there is one.",
    ),
    "other_account": Code(
        "The token is one of a single account, and the call names another.",
        "you",
        "Leave integrated_account_id out, or make a token of the account that is meant.",
    ),
    "outcome_unknown": Code(
        "The call was sent, and no answer came that can be trusted: it may have happened.",
        "you",
        "Read the object before you send the call again; details.may_have_happened says so.",
    ),
    "pages_empty": Code(
        "Many pages of a list in a row were empty, although Constant Contact says that more follow.",
        "Constant Contact",
        "Go on from details.next_cursor: an empty page with a cursor would end the walk of many a client.",
    ),
    "partner_key_missing": Code(
        "A partner operation was asked for through an ordinary linked account.",
        "you",
        "Name the connection of your partner's key; manage.py link_partner_key makes it.",
    ),
    "provider_conflict": Code(
        "Constant Contact has such an object already, or two edits met.",
        "you",
        "Read what is there (details.contact_id names a contact) and decide again.",
    ),
    "provider_forbidden": Code(
        "Constant Contact does not allow this to the person who linked the account, or to the application.",
        "the account's owner",
        "Look at the account's page: it names the missing privilege; reconnect as somebody who has it.",
    ),
    "provider_invalid": Code(
        "Constant Contact does not accept what was sent; the message holds its own words.",
        "you",
        "Mend what its message names.",
    ),
    "provider_not_found": Code(
        "Constant Contact does not know an object of this id in the linked account.",
        "you",
        "Read the collection again before using its ids.",
    ),
    "provider_unauthorized": Code(
        "Constant Contact refused a fresh token.",
        "the account's owner",
        "Reconnect the account if its page says so; otherwise try again.",
    ),
    "provider_unavailable": Code(
        "Many calls to Constant Contact failed just now, so none is sent for a moment.",
        "Constant Contact",
        "Try again after Retry-After: nothing was done.",
    ),
    "provider_unreachable": Code(
        "Constant Contact could not be reached, or nothing is sent to it for a moment after many failures.",
        "Constant Contact",
        "Try again after Retry-After: nothing was done.",
    ),
    "quota_exceeded": Code(
        "The application's calls of the day are used.",
        "time",
        "Go on after Retry-After; the day begins at 00:00 UTC.",
    ),
    "redirect_not_allowed": Code(
        "The redirect_uri is not one of the addresses that people may be sent back to.",
        "you",
        "Add it under Developers, Return addresses; the query after it may be any.",
    ),
    "tenant_share_exhausted": Code(
        "Your workspace has used its share of the day's calls.",
        "time",
        "Go on after Retry-After, or ask whoever runs Patchbay for a larger share.",
    ),
    "throttled": Code(
        "Too many calls at once for the application's pace of 4 a second.",
        "time",
        "Go on after Retry-After; bulk endpoints need far fewer calls.",
    ),
    "token_unavailable": Code(
        "Constant Contact's token service does not answer as it should.",
        "Constant Contact",
        "Try again after Retry-After; the link itself is not lost.",
    ),
    "too_many_requests": Code(
        "More calls were made than the token may make, or than may be made about one account, in ten seconds.",
        "time",
        "Wait for the seconds in Retry-After. The ratelimit headers of every answer tell what is left.",
    ),
    "too_many_tests": Code(
        "As many test events of this webhook as may wait are on their way.",
        "time",
        "Wait until they have arrived. Where they do not, GET /api/webhook/{id}/deliveries says why.",
    ),
    "too_many_webhooks": Code(
        "The environment has as many webhooks as it may have.",
        "you",
        "Delete one that is not used any more, or let one receive more event types.",
    ),
    "unauthorized": Code(
        "There is no token in the call, or it is not a valid one: mistyped, expired or revoked.",
        "you",
        "Send Authorization: Bearer pb_..., with a token from Developers.",
    ),
    "unsafe_path": Code(
        "An address, method or header of a 1-to-1 call could mean another place than it says.",
        "you",
        "Send the path as the provider's reference writes it, percent-encoded once.",
    ),
}
