"""What an import still wants of the account, as the planner's groups; and the plan, written down as rows.

People of whom the same is wanted are one group: the database numbers them (`ImportRow.alike`), so that no step has to
hold all rows. Who cannot go the same way is a group apart, under a neighbouring number: rows with blanks, which a file
may not carry unless blanks are known to change nothing, and unsubscribed people, whom no list takes. A step of the
plan names groups; where it takes only some of one, the lines between which they stand.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.models import Max

from connections import facts
from syncjobs import planner
from syncjobs.imports import plans, pricing, quoting, rendering, scratch, weighing
from syncjobs.models import ImportRow, PlannedStep, SyncJob
from syncjobs.planner import SCRATCH, Cargo, Kind, People, Wanted
from syncjobs.queue import Claim


@dataclass(frozen=True)
class Sums:
    """People alike, as the database counts them; list, tag and known lists as sets of ids."""

    alike: int
    joins: frozenset[str]
    on: frozenset[str]
    tags: frozenset[str]
    leaves: frozenset[str]
    untags: frozenset[str]
    action: str
    travels: bool
    with_ids: bool
    off_lists: bool
    has_blanks: bool
    count: int
    csv_bytes: int
    largest: int
    address_bytes: int
    # Of rows with blanks: what the names of their values take in JSON, with what stands round them.
    names_bytes: int


def plan(claim: Claim) -> None:
    """Plan what is left to do; a pure computation over some groups."""
    with claim.transaction() as job:
        pages = quoting.pages_of(job.connection, job.accepted)
        found = groups(job)
        made = weighing.cheapest(wanted(job, found), pages)
        keep(job, made, found)
        calls = weighing.calls_of(made, pages)
        options = {**job.options, "planned_calls": job.options.get("planned_calls", 0) + calls}
        if "quote" not in options:
            options["quote"] = quoting.kept(pricing.of_plan(job, made, pages))
        claim.advance(
            "making_scratch" if made.uses_scratch else "batching",
            cursor={},
            options=options,
            note=f"{calls} calls",
        )


def groups(job: SyncJob) -> list[Sums]:
    """Everybody who has no outcome yet, by what is wanted of them. Inside the scope; the caller keeps `options`."""
    job.options["apart"] = _kept_apart(job)
    number, arguments = _number(job)
    blanks, columns = _has_blanks(job)
    with database.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {number} AS number, min(list_set), min(on_set), min(tag_set), min(leave_set), min(untag_set),
                min(action), bool_and(travels), bool_and(contact_id IS NOT NULL), bool_or(off_lists), bool_or({blanks}),
                count(*), sum(csv_bytes), max(csv_bytes), sum(octet_length(email) + 2), sum(CASE WHEN {blanks} THEN
                (SELECT coalesce(sum(octet_length(name) + 6), 0) FROM jsonb_object_keys(values) AS name) ELSE 0 END)
            FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' GROUP BY 1
            """,  # noqa: S608  # ours
            [*arguments, *columns, *columns, job.pk],
        )
        return [_sums(*row) for row in cursor.fetchall()]


def _kept_apart(job: SyncJob) -> list[str]:
    """The columns that a row has to fill to travel in a file; none where a blank is known to change nothing."""
    may_go = facts.found().get("import_blank_values") == "ignored" or job.options.get("json_only", False)
    return [] if may_go else plans.columns_sent(job)


def _has_blanks(job: SyncJob) -> tuple[str, list[Any]]:
    """SQL for whether a row would have blanks in a file that may have none, as the plan was made."""
    columns = job.options.get("apart")
    return ("(travels AND NOT values ?& %s::text[])", [columns]) if columns else ("false", [])


def _number(job: SyncJob) -> tuple[str, list[Any]]:
    """SQL for the number of a row's group."""
    blanks, columns = _has_blanks(job)
    return f"(alike # (off_lists::int * 2 + ({blanks})::int)::bigint)", columns


def _sums(alike: int, lists: str, on: str, *more: Any) -> Sums:  # Any: as the database counts them
    tags, leaves, untags, action, travels, with_ids, off_lists, has_blanks, *numbers = more
    known = _ids(on)
    count, csv_bytes, largest, address_bytes, names_bytes = map(int, numbers)
    return Sums(
        alike,
        joins=_ids(lists) - known,
        on=known,
        tags=_ids(tags),
        leaves=_ids(leaves),
        untags=_ids(untags),
        action=action,
        travels=travels,
        with_ids=with_ids,
        off_lists=off_lists,
        has_blanks=has_blanks,
        count=count,
        csv_bytes=csv_bytes,
        largest=largest,
        address_bytes=address_bytes,
        names_bytes=names_bytes,
    )


def _ids(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def wanted(job: SyncJob, found: list[Sums]) -> Wanted:
    """The groups in the planner's words. Inside the scope."""
    more = rendering.json_more(["email", *plans.columns_sent(job)])
    can_scratch = scratch.is_allowed(job.connection)
    csv_can = not job.options.get("json_only", False)
    people = tuple(
        _people(one, more, csv_can=csv_can, can_ride=can_scratch or bool(one.joins or one.on))
        for one in found
        if one.travels or one.joins or one.tags or one.leaves or one.untags or one.action
    )
    lists = len({name for one in people for name in one.joins | one.on})
    header = rendering.size_of(["email", *plans.columns_sent(job)])
    return Wanted(
        people,
        quoting.limits(lists, header, facts.found()),
        scratch_allowed=can_scratch,
        closed_lists=frozenset(job.options.get("made_lists", [])),
        singly=False,
    )


def _people(one: Sums, more: int, *, csv_can: bool, can_ride: bool) -> People:
    csv = one.csv_bytes if one.travels else 0
    if one.action == ImportRow.Action.OPT_IN:
        # Written alone, lists and tags with it.
        return People(key=str(one.alike), count=one.count, with_ids=one.with_ids, clears=True)
    return People(
        key=str(one.alike),
        count=one.count,
        joins=one.joins,
        leaves=one.leaves,
        tags_on=one.tags,
        tags_off=one.untags,
        on=one.on,
        csv_bytes=csv,
        json_bytes=csv + _json_more(one, more) if csv else 0,
        largest_row=one.largest + more if csv else 0,
        address_bytes=one.address_bytes,
        csv_can=csv_can and not one.has_blanks,
        with_ids=one.with_ids,
        listable=not one.off_lists,
        deletes=one.action == ImportRow.Action.DELETE,
        opts_out=one.action == ImportRow.Action.UNSUBSCRIBE,
        clears=one.travels and not can_ride,
    )


def _json_more(one: Sums, more: int) -> int:
    """What a group takes more as JSON than as lines of a file; blanks are left out there."""
    if not one.has_blanks:
        return more * one.count
    return one.count * rendering.json_more(["email"]) + one.names_bytes


def keep(job: SyncJob, made: planner.Plan, found: list[Sums]) -> None:
    """Write a plan's steps down, behind those of earlier rounds. Inside the claim's transaction."""
    last = PlannedStep.objects.filter(job=job).aggregate(last=Max("place"))["last"]
    start = 0 if last is None else last + 1
    sizes = {str(one.alike): one.count for one in found}
    pages = quoting.pages_of(job.connection, job.accepted)
    steps = [_step(job, start, place, step, sizes) for place, step in enumerate(made.steps)]
    for place, row in enumerate(steps):
        if row.kind == Kind.LOOK_UP:
            row.written = not weighing.finds_ahead(made.steps, place, pages)
    PlannedStep.objects.bulk_create(steps)


def _step(job: SyncJob, start: int, place: int, step: planner.Step, sizes: dict[str, int]) -> PlannedStep:
    marked = step.sources and step.kind not in planner.IMPORTS
    # Where lists say who is meant, nobody has to be named.
    cargo = () if marked else step.cargo
    whole, whole_parts = _split(job, [one for one in cargo if one.whole], sizes)
    bare, bare_parts = _split(job, [one for one in cargo if not one.whole], sizes)
    return PlannedStep(
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        job=job,
        place=start + place,
        kind=step.kind.value,
        calls=step.calls,
        people=sum(one.count for one in step.cargo),
        list_ids=list(step.lists),
        tag_ids=list(step.tags),
        sources=list(step.sources),
        after=[start + one for one in step.after],
        whole=whole,
        whole_parts=whole_parts,
        bare=bare,
        bare_parts=bare_parts,
        written=step.kind is Kind.CREATE_SCRATCH,
    )


def _split(
    job: SyncJob, cargo: list[Cargo], sizes: dict[str, int]
) -> tuple[list[int], list[tuple[int, int, int]]]:
    """Groups taken whole, and parts of groups with the lines between which they stand."""
    full = [int(one.key) for one in cargo if one.count == sizes[one.key]]
    parts = [
        (int(one.key), _line(job, one.key, one.first), _line(job, one.key, one.first + one.count - 1))
        for one in cargo
        if one.count != sizes[one.key]
    ]
    return full, parts


def _line(job: SyncJob, key: str, position: int) -> int:
    """The line of the so-many-th person of a group."""
    number, arguments = _number(job)
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT line FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND {number} = %s "  # noqa: S608  # ours
            "ORDER BY line OFFSET %s LIMIT 1",
            [job.pk, *arguments, int(key), position],
        )
        return int(cursor.fetchone()[0])


def real(job: SyncJob, list_ids: list[str]) -> list[str]:
    """Lists of a step with the scratch list's own id. Inside the scope."""
    return [job.options["scratch"] if one == SCRATCH else one for one in list_ids]


def condition_of(job: SyncJob, groups: list[int], parts: list[list[int]]) -> tuple[str, list[Any]]:
    """SQL for rows of these groups, and of these parts of groups."""
    number, columns = _number(job)
    wishes: list[str] = [f"{number} = ANY(%s)"]
    arguments: list[Any] = [*columns, groups]
    for key, first, last in parts:
        wishes.append(f"({number} = %s AND line BETWEEN %s AND %s)")
        arguments += [*columns, key, first, last]
    return f"({' OR '.join(wishes)})", arguments
