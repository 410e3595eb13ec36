"""Control of the simulator itself: its state, journal, switches, time, faults and quota."""

from . import switches
from .checks import Number, Text
from .clock import DAY, SECOND, parse_time, show_time
from .control import Control, Wrong, check, control
from .messages import Json, Request, Response, json_response
from .store import Account
from .switch_table import TABLE

_MOST_SECONDS = 4_000 * DAY / SECOND
_EARLIEST, _LATEST = parse_time("2000-01-01") or 0, parse_time("2200-01-01") or 0


def _show_account(account: Account) -> Json:
    states = {state: number for state, number in sorted(account.counts.items()) if number}
    return {
        "account": account.account_id,
        "name": account.summary["organization_name"],
        "users": [{"role": user.role, "login": user.login} for user in account.users.values()],
        "contacts": {"total": sum(states.values()), **states},
        "lists": sum(1 for _ in account.living_lists()),
        "tags": len(account.tags),
        "custom_fields": len(account.fields),
        "activities": len(account.activities),
        "queued": account.queued,
        "confirmed_opt_in": account.confirmed_opt_in,
    }


@control("GET", "/state")
def _state(control: Control, body: Json, request: Request, now: int) -> Response:
    """Counts by account; with `full=1` everything."""
    simulator = control.simulator
    store, limits = simulator.store, simulator.gateway.limits
    if ("full", "1") in request.query_pairs():
        return json_response(200, simulator.dump())
    return json_response(
        200,
        {
            "seed": store.seed,
            "now": show_time(now, "milliseconds"),
            "frozen": simulator.clock.frozen_at is not None,
            "activity_seconds": store.activity_seconds,
            "journal_seq": simulator.journal.seq,
            "defects": simulator.defects,
            "living_grants": sum(not grant.dead for grant in store.grants.values()),
            "apps": [
                {"client_id": client_id, "calls_today": limits.used_today(client_id, now)}
                for client_id in store.apps
            ],
            "accounts": [_show_account(account) for account in store.accounts.values()],
        },
    )


@control("GET", "/journal")
def _journal(control: Control, body: Json, request: Request, now: int) -> Response:
    text = dict(request.query_pairs()).get("after", "0")
    if not (text.isascii() and text.isdigit()):
        raise Wrong("after is a number")
    return Response(200, control.simulator.journal.after(int(text)), [("Content-Type", "application/json")])


@control("GET", "/switches")
def _switches(control: Control, body: Json, request: Request, now: int) -> Response:
    current = control.simulator.store.switches
    listing = [
        {
            "name": switch.name,
            "answer": current[switch.name],
            "answers": list(switch.answers),
            "default": switch.default,
            "why": switch.why,
        }
        for switch in TABLE
    ]
    return json_response(200, listing)


@control("PUT", "/switches")
def _turn(control: Control, body: Json, request: Request, now: int) -> Response:
    problems = switches.faults_in(body)
    if problems:
        raise Wrong("; ".join(problems))
    effect = {"do": "switches.turn", "switches": body}
    control.simulator.commit(request, effect, now)
    return json_response(200, dict(control.simulator.store.switches))


@control("POST", "/clock")
def _clock(control: Control, body: Json, request: Request, now: int) -> Response:
    simulator = control.simulator
    to = None
    if "set" in body:
        to = parse_time(body["set"]) if isinstance(body["set"], str) else None
        if to is None:
            raise Wrong("set is an ISO 8601 time")
    advance, speed, freeze = body.get("advance_seconds", 0), body.get("activity_seconds"), body.get("freeze")
    if not _is_seconds(advance, -_MOST_SECONDS) or (speed is not None and not _is_seconds(speed, 0)):
        raise Wrong("advance_seconds and activity_seconds are numbers of seconds")
    if freeze is not None and not isinstance(freeze, bool):
        raise Wrong("freeze is true or false")
    setting = simulator.clock.moved(advance=round(advance * SECOND), to=to, freeze=freeze)
    if not _EARLIEST <= (to or now) + round(advance * SECOND) <= _LATEST:
        raise Wrong("The clock can be set to the years 2000 to 2199")
    effect = {"do": "clock.move", "clock": setting, "activity_seconds": speed}
    simulator.commit(request, effect, now)
    return json_response(
        200,
        {
            "now": show_time(simulator.clock.now(), "milliseconds"),
            "frozen": simulator.clock.frozen_at is not None,
            "activity_seconds": simulator.store.activity_seconds,
        },
    )


def _is_seconds(value: object, least: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and least <= value <= _MOST_SECONDS


@control("GET", "/faults")
def _list_faults(control: Control, body: Json, request: Request, now: int) -> Response:
    return json_response(200, control.simulator.faults.listing())


@control("POST", "/faults")
def _add_fault(control: Control, body: Json, request: Request, now: int) -> Response:
    problems = control.simulator.faults.add(body)
    if problems:
        raise Wrong("; ".join(problems))
    return json_response(200, control.simulator.faults.listing())


@control("DELETE", "/faults")
def _clear_faults(control: Control, body: Json, request: Request, now: int) -> Response:
    control.simulator.faults.clear()
    return json_response(200, [])


@control("POST", "/quota")
def _quota(control: Control, body: Json, request: Request, now: int) -> Response:
    """Makes it as if an app had made so many calls today."""
    check({"client_id": Text(), "used_today": Number(0, 10**9)}, body)
    app = control.app(body.get("client_id"))
    control.simulator.gateway.limits.set_today(app.client_id, body.get("used_today") or 0, now)
    return json_response(200, {"client_id": app.client_id, "used_today": body.get("used_today") or 0})


@control("POST", "/reset")
def _reset(control: Control, body: Json, request: Request, now: int) -> Response:
    control.simulator.reset(now)
    return json_response(200, {"journal_seq": control.simulator.journal.seq})
