"""The filters of GET /contacts: each a test of one contact, or a set of candidates from an index."""

from collections.abc import Callable, Iterable, Iterator

from . import errors
from .call import Call, csv_values
from .catalog import mailable
from .clock import SECOND, parse_time
from .records import Contact

Test = Callable[[Contact], bool]

_STATES: dict[str, Test] = {
    "all": lambda contact: True,
    "deleted": lambda contact: contact.deleted is not None,
    "not_set": lambda contact: contact.deleted is None and contact.permission == "not_set",
    "pending_confirmation": lambda c: c.deleted is None and c.permission == "pending_confirmation",
    "temp_hold": lambda contact: contact.deleted is None and contact.permission == "temp_hold",
    "unsubscribed": lambda contact: contact.deleted is None and contact.unsubscribed,
}


def _status_test(call: Call, text: str | None) -> Test:
    if text is None:
        return lambda contact: contact.deleted is None
    active: Test = mailable
    if call.switch("status_active") == "not_unsubscribed":
        active = lambda contact: contact.deleted is None and not contact.unsubscribed  # noqa: E731
    tests = []
    for state in csv_values(text):
        test = active if state == "active" else _STATES.get(state)
        if test is None:
            raise errors.invalid(f"status does not have a valid value: {state}")
        tests.append(test)
    if not tests:
        raise errors.invalid("status does not have a valid value")
    return tests[0] if len(tests) == 1 else lambda contact: any(test(contact) for test in tests)


def _instant(asked: dict[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    moment = parse_time(asked[name])
    if moment is None:
        raise errors.invalid(f"{name} is not a valid ISO-8601 date")
    return moment


def _window_test(
    call: Call, asked: dict[str, str], name: str, value: Callable[[Contact], int | None]
) -> Test | None:
    after, before = _instant(asked, f"{name}_after"), _instant(asked, f"{name}_before")
    if after is None and before is None:
        return None
    edge = 0 if call.switch("window_bounds") == "inclusive" else 1
    low = after + edge if after is not None else -(2**62)
    high = before - edge if before is not None else 2**62
    if name == "updated":
        # The search index runs behind: what changed within the lag is not seen yet.
        high = min(high, call.now - call.store.switches.number("index_lag_seconds") * SECOND)

    def test(contact: Contact) -> bool:
        at = value(contact)
        return at is not None and low <= at <= high

    return test


def _ids(call: Call, asked: dict[str, str], name: str, most: int) -> list[str] | None:
    if name not in asked:
        return None
    values = csv_values(asked[name])
    if not values or len(values) > most:
        raise errors.invalid(f"{name} must have between 1 and {most} values")
    return [call.require_id(name, value) for value in values]


def tests_of(call: Call, asked: dict[str, str]) -> tuple[list[Test], set[int] | None]:
    """The filters as tests, and, when an index knows them, the positions that can match at all."""
    tests = [_status_test(call, asked.get("status"))]
    windows: tuple[tuple[str, Callable[[Contact], int | None]], ...] = (
        ("updated", lambda contact: contact.updated),
        ("created", lambda contact: contact.created),
        ("optout", lambda contact: contact.opt_out if contact.unsubscribed else None),
    )
    tests += [test for name, value in windows if (test := _window_test(call, asked, name, value))]
    candidates: set[int] | None = None
    if "email" in asked:
        found = call.account.find_email(asked["email"])
        candidates = set() if found is None else {found.seq}
    for name, most, index in (("lists", 25, call.account.members), ("tags", 50, call.account.tagged)):
        wanted = _ids(call, asked, name, most)
        if wanted is not None:
            either = set().union(*(index.get(value, set()) for value in wanted))
            candidates = either if candidates is None else candidates & either
    if "sms_status" in asked:
        tests.append(_sms_test(asked["sms_status"]))
    return tests, candidates


def _sms_test(text: str) -> Test:
    wanted = csv_values(text)
    if not wanted or any(
        value not in ("all", "explicit", "unsubscribed", "pending_confirmation", "not_set")
        for value in wanted
    ):
        raise errors.invalid("sms_status does not have a valid value")

    def test(contact: Contact) -> bool:
        if contact.sms is None:
            return False
        consents = contact.sms.get("sms_channel_consents", [])
        return "all" in wanted or any(consent["sms_consent_permission"] in wanted for consent in consents)

    return test


def walk(call: Call, tests: list[Test], candidates: set[int] | None, start: int) -> Iterator[Contact]:
    """The contacts that pass all tests, from a position of the account's order on."""
    people = call.account.contacts
    if candidates is None:
        positions: Iterable[int] = range(start, len(people))
    else:
        positions = sorted(seq for seq in candidates if seq >= start)
    for seq in positions:
        contact = people[seq]
        if all(test(contact) for test in tests):
            yield contact
