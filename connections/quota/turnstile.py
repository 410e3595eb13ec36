"""One short transaction a grant: lock the pool, see whether a call may go, choose whose by fairness, charge it.

Whoever waits may do it, for whichever of all processes' tickets is next; a ticket that is granted is taken by the
one who waits for it, or given back after some seconds. The charge is committed before anything is sent.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from connections.quota import pacing, pools, sharing, tickets
from connections.quota.charging import Charge
from connections.quota.daybudget import KEPT, LEVELS, SPENT, WORK, Plan, lifetime
from connections.quota.fairshare import Allowance, Memory, Scheduler
from connections.quota.pools import Ledger, Pool
from connections.quota.tickets import Asker, Granted, Standing, Waiting
from connections.quota.waiting import Ticket, Turns

# What one call to the token endpoint takes at most (`oauth.TIMEOUT`).
TOKEN_SECONDS: Final = 10.0
# Another process looks just now; it takes about so long.
BUSY_SECONDS: Final = 0.01
QUEUE_FULL: Final = "activity_queue_full"
ACCOUNT_SPENT: Final = "account_used"
# How often a probe's answer is looked for.
PROBE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Args:
        opens_in: seconds until it is worth looking again; where the ticket is refused, until asking again.
        refused: why the ticket that was asked for may not go at all now; "" where it just has to wait.
        granted: the turn of the ticket that was asked for, if this look gave it one.
        gave: some ticket was given a turn.
    """

    opens_in: float = 0.0
    refused: str = ""
    granted: Granted | None = None
    gave: bool = False


@dataclass(slots=True)
class _Opening:
    """Where and when a call may go next."""

    purpose: str
    at: float
    place: int  # 0 in the paced mode


def hold_seconds(purpose: str = "api") -> float:
    """How long a call whose end nobody sees keeps its place; at the token endpoint a second try must come in time."""
    longest = float(settings.ENV.PROVIDER_TIMEOUT_SECONDS)
    if purpose == "token":
        longest = min(longest, TOKEN_SECONDS)
    return longest + tickets.LATE_ARRIVAL_SECONDS + 1.0


def look(ledger: Ledger, asker: Asker, mine: int, ahead: float) -> tuple[int, Look]:
    """See whether a turn is open, and give it to whoever is next. Inside `pools.ledger()`, which it ends.

    Args:
        mine: the number of the ticket that is asked for; 0 where it has none yet. It is answered with what was found.
        ahead: how many seconds before its moment a turn may be given out.
    """
    asked_at = time.monotonic()
    *entered, row, seats, askers = ledger.together(
        *([] if mine else [tickets.entering(asker)]),
        pools.locking(asker.pool_id),
        pools.seeking(asker.pool_id, asker.purpose, hold_seconds(asker.purpose)),
        tickets.asking(asker.pool_id, asker.purpose),
    )
    if entered:
        mine = int(entered[0][0][0])
    if not row:  # another looks just now
        return mine, Look(opens_in=ahead + BUSY_SECONDS)
    pool = pools.locked(asker.pool_id, row[0], asked_at)
    if asker.purpose == "api" and (shut := _shut(ledger, pool)):
        return mine, shut
    # Another process has just given it a turn, which would go by if it slept until the next one.
    if all(number != mine for number, *_ in askers):
        return mine, Look()
    opening = _opening(ledger, pool, asker.purpose, seats)
    if opening.at - pool.now > ahead:
        return mine, Look(opens_in=opening.at - pool.now)
    waiting, used = tickets.waiting(asker.pool_id, asker.purpose, askers)
    return mine, _give(ledger, pool, opening, waiting, used, mine)


def _give(
    ledger: Ledger, pool: Pool, opening: _Opening, rows: Sequence[Waiting], used: int, mine: int
) -> Look:
    """The open turn to whoever is next."""
    purpose = opening.purpose
    plan, refusals = _allowed(ledger, pool, rows, used) if purpose == "api" else (None, {})
    why, again_in = refusals.get(mine, ("", 1.0))
    chosen = _choose(pool, purpose, [row for row in rows if row.number not in refusals])
    if chosen is None:
        return Look(again_in, why)
    row, scheduler, rank = chosen
    standing = None
    if plan is not None:
        pool.probe = row.number if pool.closed_until is not None else None
        plan.spend(row.asker.call_class)
        sharing.keep(pool, plan)
        standing = _standing_after(pool, plan, row)
    is_mine = row.number == mine
    Charge(ledger, pool, row, opening.at, opening.place, hold_seconds(purpose)).write(
        scheduler, rank, taken=is_mine
    )
    granted = replace(tickets.granted(pool, opening.at), standing=standing) if is_mine else None
    return Look(again_in, why, granted, gave=True)


def _standing_after(pool: Pool, plan: Plan, row: Waiting) -> Standing | None:
    """How the caller stands with this call charged; None where the plan does not say what it may still call."""
    asker = row.asker
    if asker.tenant_id is None or asker.call_class != "interactive":
        return None
    if not plan.counts_in("interactive", asker.tenant):
        return None
    share = plan.share("interactive", row.weight) or 0
    return Standing(
        pool.pk, asker.tenant_id, asker.connection_id, share, row.used + 1, row.account_used + 1, pool.now
    )


def _shut(cursor: Ledger, pool: Pool) -> Look | None:
    """Closed by the provider until midnight; then one call goes as a probe, and all wait for its answer."""
    if pool.closed_until is None:
        return None
    if pool.closed_until > pool.now:
        return Look(opens_in=pool.closed_until - pool.now, refused=SPENT)
    cursor.execute("SELECT 1 FROM connections_ticket WHERE id = %s", [pool.probe])
    return Look(opens_in=PROBE_SECONDS) if cursor.fetchone() else None


def _opening(cursor: Ledger, pool: Pool, purpose: str, seats: Sequence[Sequence[Any]]) -> _Opening:
    if purpose == "api" and pool.pacing == "paced":
        place, free_at = 0, pools.next_send_at(cursor, pool)
    else:
        places = pool.per_second if purpose == "api" else pool.token_per_second
        place, free_at = pools.opening(
            cursor, pool, purpose, places, hold_seconds(purpose), seats[0] if seats else None
        )
    at = max(pool.now, free_at)
    return _Opening(purpose, pacing.clear_of_midnight(at) if purpose == "api" else at, place)


def _allowed(
    cursor: Ledger, pool: Pool, rows: Sequence[Waiting], used: int
) -> tuple[Plan, dict[int, tuple[str, float]]]:
    """The plan that holds; why some of the waiting may not go by it, and in how many seconds to ask again."""
    work = [(row.asker.call_class, row.asker.tenant) for row in rows if row.asker.call_class in WORK]
    plan = sharing.kept(pool) or sharing.renewed(cursor, pool, work)
    said = _refused(pool, plan, used, rows)
    hasty = [
        (row.asker.call_class, row.asker.tenant)
        for row in rows
        if said.get(row.number) in {KEPT, SPENT}
        and row.asker.tenant
        and not plan.counts_in(row.asker.call_class, row.asker.tenant)
    ]
    if hasty:  # the plan did not know that they want more
        plan = sharing.renewed(cursor, pool, [*work, *hasty])
        said = _refused(pool, plan, used, rows)
    refused = [row for row in rows if row.number in said]
    return plan, {
        row.number: (said[row.number], _again(pool, plan, row, said[row.number])) for row in refused
    }


def _refused(pool: Pool, plan: Plan, used: int, rows: Sequence[Waiting]) -> dict[int, str]:
    said = {row.number: _why_not(pool, plan, used, row) for row in rows}
    return {number: why for number, why in said.items() if why}


def _again(pool: Pool, plan: Plan, row: Waiting, why: str) -> float:
    """Seconds after which it is worth asking again."""
    if why == QUEUE_FULL:
        return row.blocked_until - pool.now
    if why == KEPT and row.asker.call_class != "interactive":  # more is given out as the day goes on
        return max(1.0, plan.at + lifetime(plan.at) - pool.now)
    return pacing.until_midnight(pool.now)


def _why_not(pool: Pool, plan: Plan, used: int, row: Waiting) -> str:
    """Why a call may not go now; "" where it may."""
    call_class = row.asker.call_class
    if row.blocked_until > pool.now:
        return QUEUE_FULL
    if call_class in LEVELS and row.account_used >= settings.ENV.ACCOUNT_CALLS_PER_DAY:
        return ACCOUNT_SPENT
    return plan.refusal(call_class, used, row.used if row.asker.tenant_id else 0, row.weight)


def seated(pool: Pool, purpose: str, rows: Sequence[Waiting]) -> tuple[Scheduler, dict[int, str]]:
    """The scheduler as the rows have it, and each ticket's rank."""
    scheduler = Scheduler(Memory(**pool.state.get("turns", {}).get(purpose, {})))
    ranks: dict[int, str] = {}
    met: set[str] = set()
    for row in rows:
        tenant = row.asker.tenant
        if tenant not in met:
            met.add(tenant)
            _recall(scheduler, purpose, row)
        ticket = Ticket(row.number, row.asker.call_class, tenant, str(row.asker.job_id or ""))
        ranks[row.number] = scheduler.enter(ticket, row.entered_at)
    return scheduler, ranks


def _recall(scheduler: Scheduler, purpose: str, row: Waiting) -> None:
    tenant = row.asker.tenant
    scheduler.weigh(tenant, row.weight)
    for name, (finish, stood, served, jobs) in row.turns.items():
        of, _, rank = name.partition(" ")
        if of == purpose:
            known = {job: (behind, after) for job, (behind, after) in jobs.items()}
            scheduler.recall(rank, tenant, Turns(finish, (stood[0], stood[1]), served, known))
    if row.allowance >= 0:
        scheduler.allow(tenant, Allowance(row.allowance, row.allowance_at))


def _choose(pool: Pool, purpose: str, rows: Sequence[Waiting]) -> tuple[Waiting, Scheduler, str] | None:
    scheduler, ranks = seated(pool, purpose, rows)
    ticket = scheduler.take()
    if ticket is None:
        return None
    memory = scheduler.memory()
    pool.state.setdefault("turns", {})[purpose] = {
        "credit": memory.credit,
        "virtual": memory.virtual,
        "served": memory.served,
        "latest": memory.latest,
    }
    row = next(row for row in rows if row.number == ticket.number)
    return row, scheduler, ranks[ticket.number]


def late(asker: Asker, starts_at: float) -> Granted | None:
    """A turn of the paced mode that went by unused: the present one instead, unless a later one is out."""
    with pools.ledger() as cursor:
        pool = pools.lock(cursor, asker.pool_id)
        if abs(pool.next_at - starts_at - pool.step()) > 0.002:
            return None
        cursor.execute(
            "UPDATE connections_quotapool SET next_at = to_timestamp(%s) WHERE id = %s",
            [pool.now + pool.step(), pool.pk],
        )
        return tickets.granted(pool, pool.now)


def turn_in(cursor: Ledger, asker: Asker, mine: int, answer_seconds: float) -> float:
    """Seconds until this ticket's turn, if nobody comes before it: the turns ahead, each as long as a turn takes."""
    pool = pools.lock(cursor, asker.pool_id)
    seats, askers = cursor.together(
        pools.seeking(asker.pool_id, asker.purpose, hold_seconds(asker.purpose)),
        tickets.asking(asker.pool_id, asker.purpose),
    )
    opening = _opening(cursor, pool, asker.purpose, seats)
    rows, used = tickets.waiting(asker.pool_id, asker.purpose, askers)
    refusals = _allowed(cursor, pool, rows, used)[1] if asker.purpose == "api" else {}
    scheduler, _ = seated(pool, asker.purpose, [row for row in rows if row.number not in refusals])
    ahead = 0
    while (ticket := scheduler.take()) is not None and ticket.number != mine:
        ahead += 1
    turn = pool.step()
    if opening.place:
        places = pool.per_second if asker.purpose == "api" else pool.token_per_second
        turn = (pacing.free_again(0.0, pool.slow_factor_now()) + answer_seconds) / places
    return max(0.0, opening.at - pool.now) + ahead * turn


def standing(pool_id: UUID, tenant_id: UUID, *, may_spend: bool = True) -> tuple[Plan, int, int, float]:
    """The plan by which a tenant is counted now, its weight, its interactive calls of today, the database's time.

    Args:
        may_spend: the tenant is told what it may still call, so the plan keeps that for it.
    """
    with pools.ledger() as cursor:
        pool = pools.read(cursor, pool_id)
        cursor.execute(
            "SELECT weight, CASE WHEN day = %s THEN persons ELSE 0 END FROM connections_quotashare "
            "WHERE pool_id = %s AND tenant_id = %s",
            [pool.today, pool_id, tenant_id],
        )
        weight, used = cursor.fetchone() or (1, 0)
        plan = sharing.kept(pool)
        if plan is None or (may_spend and not plan.counts_in("interactive", str(tenant_id))):
            pool = pools.lock(cursor, pool_id)
            plan = sharing.renewed(cursor, pool, [("interactive", str(tenant_id))] if may_spend else [])
            sharing.write(cursor, pool)
        return plan, weight, used, pool.now
