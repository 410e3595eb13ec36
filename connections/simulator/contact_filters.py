"""The filters of GET /contacts: each a test of one contact, or a set of candidates from an index."""

from collections.abc import Callable, Iterator, Sequence

from . import errors, segments
from .call import Call, csv_values
from .clock import SECOND, parse_time
from .records import Contact

Test = Callable[[Contact], bool]

_PERMISSIONS = ("not_set", "pending_confirmation", "temp_hold", "unsubscribed")
_STATES = ("all", "active", "deleted", *_PERMISSIONS)


def _status_test(call: Call, text: str | None) -> Test:
    seen = call.now - call.store.switches.number("delete_lag_seconds") * SECOND

    def there(contact: Contact) -> bool:
        # A deletion shows once the collection has caught up with it.
        return contact.deleted is None or contact.deleted > seen

    if text is None:
        return there
    states = csv_values(text)
    wrong = [state for state in states if state not in _STATES]
    if wrong or not states:
        raise errors.invalid(f"status does not have a valid value: {', '.join(wrong)}")
    if "all" in states:
        return lambda contact: True
    permissions = {state for state in states if state in _PERMISSIONS}
    if "active" in states:
        permissions |= {"explicit", "implicit"}
        if call.switch("status_active") == "not_unsubscribed":
            permissions |= set(_PERMISSIONS) - {"unsubscribed"}
    gone_too = "deleted" in states
    return lambda contact: contact.permission in permissions if there(contact) else gone_too


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
    if "segment_id" in asked:
        tests.append(segments.test_for(segments.wanted_by(call, asked["segment_id"])))
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


def newest_first(call: Call) -> bool:
    """Whether the collection begins with the contact that came last."""
    return call.switch("contacts_order") == "newest_first"


def place(call: Call, contact: Contact) -> int:
    """The position from which a walk goes on with this contact."""
    return contact.seq + 1 if newest_first(call) else contact.seq


def walk(call: Call, tests: list[Test], candidates: set[int] | None, start: int) -> Iterator[Contact]:
    """The contacts that pass all tests, from a position of the account's order on (`place`)."""
    people = call.account.contacts
    if newest_first(call):
        low, high = 0, start or len(people)
    else:
        low, high = start, len(people)
    positions: Sequence[int] = range(low, high)
    if candidates is not None:
        positions = sorted(seq for seq in candidates if low <= seq < high)
    if newest_first(call):
        positions = positions[::-1]
    for seq in positions:
        contact = people[seq]
        if all(test(contact) for test in tests):
            yield contact
