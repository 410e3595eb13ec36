"""Random jobs, large ones and tiny ones, each made from its seed alone.

`large_job(seed)` spreads over what customers do: 1 to a million people (log-uniform), no values or up to 25
custom fields (bytes a row as measured: 44 of CSV with names, 134 with an address, 11.6 more a custom field;
JSON 1.9 to 2.6 times that), 1 to 50 lists, 0 to 50 tags; memberships identical, of few kinds, nested,
independent or Zipf; people with and without ids; removals, deletes, opt-outs, clears, sign-ups and people who
may not enter a list; with and without leave for a scratch list; lists that hold nobody else. `tiny_job(seed)`
does the same for at most six people under limits so small that every cap binds.

A job is consistent: nobody joins a list and leaves it; people of one special kind want nothing that it cannot
have.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from syncjobs.planner.wanted import Limits, People, Wanted

PATTERNS = ("identical", "few", "nested", "independent", "zipf")
ADDRESS_BYTES = 31  # a measured mean: name@example.com and its line end
GROUPS_AT_MOST = 1_500  # draws of a pattern; equal draws become one group
SPECIALS_AT_MOST = 300  # each of these costs a call of its own: more would drown what the planner decides


@dataclass(frozen=True)
class Row:
    """Bytes of one whole row in both forms; none where no value travels."""

    csv: int
    json: int
    csv_can: bool


NO_ROW = Row(0, 0, True)


def large_job(seed: int) -> Wanted:
    """A job as customers might have it."""
    rng = Random(seed)
    return next(job for job in iter(lambda: draw_large(rng), None) if job.people)


def draw_large(rng: Random) -> Wanted:
    total = int(10 ** rng.uniform(0, 6))
    lists = names("list", how_many(rng, least=1))
    tags = names("tag", how_many(rng, least=1)) if rng.random() < 0.6 else []
    row = random_row(rng)
    people: list[People] = []
    for index, (joins, tagged, count) in enumerate(draw_kinds(rng, total, lists, tags)):
        people += split(rng, People(f"g{index}", count, joins=joins, tags_on=tagged), row)
    people = vary(rng, people, lists, tags) + specials(rng, total, lists, tags, row)
    closed = frozenset(name for name in lists if rng.random() < 0.3) if rng.random() < 0.25 else frozenset()
    return Wanted(tuple(people), Limits(), rng.random() < 0.6, closed)


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


def how_many(rng: Random, least: int) -> int:
    """Lists or tags: often one or few, sometimes the most that the provider takes."""
    return rng.choice([least, rng.randint(least, 5), rng.randint(least, 20), rng.randint(least, 50)])


def random_row(rng: Random) -> Row:
    kind = rng.random()
    if kind < 0.2:
        return NO_ROW
    if kind < 0.35:
        return Row(45, 86, True)
    custom = 0 if kind < 0.5 else rng.randint(1, 25)
    return Row(round(134 + 11.6 * custom), round(252 + 34.2 * custom), rng.random() < 0.9)


def draw_kinds(
    rng: Random, total: int, lists: list[str], tags: list[str]
) -> list[tuple[frozenset[str], frozenset[str], int]]:
    """(lists, tags, how many people) by one pattern for lists and one for tags; sometimes the tags follow the lists."""
    draws = min(total, rng.choice([50, 400, GROUPS_AT_MOST]))
    by_list = draw_pattern(rng, rng.choice(PATTERNS), lists, draws)
    by_tag = draw_pattern(rng, rng.choice(PATTERNS), tags, draws) if tags else [frozenset()] * draws
    if rng.random() < 0.3:
        partner = dict(zip(dict.fromkeys(by_list), by_tag, strict=False))
        by_tag = [partner.get(held, frozenset()) for held in by_list]
    counts: dict[tuple[frozenset[str], frozenset[str]], int] = {}
    for index, kind in enumerate(zip(by_list, by_tag, strict=True)):
        share = total * (index + 1) // draws - total * index // draws
        counts[kind] = counts.get(kind, 0) + share
    return [(*kind, count) for kind, count in counts.items()]


def draw_pattern(rng: Random, pattern: str, items: list[str], draws: int) -> list[frozenset[str]]:
    if pattern == "identical":
        return [frozenset(items)] * draws
    if pattern == "few":
        kinds = [frozenset(rng.sample(items, rng.randint(1, len(items)))) for _ in range(rng.randint(2, 8))]
        return [rng.choice(kinds) for _ in range(draws)]
    if pattern == "nested":
        return [frozenset(items[: rng.randint(1, len(items))]) for _ in range(draws)]
    if pattern == "independent":
        chance = rng.choice([0.05, 0.1, 0.3, 0.5])
        return [frozenset(item for item in items if rng.random() < chance) for _ in range(draws)]
    return [
        frozenset(item for place, item in enumerate(items, 1) if rng.random() < 0.9 / place)
        for _ in range(draws)
    ]


def split(rng: Random, group: People, row: Row) -> list[People]:
    """The group with its bytes; a part of it may have no value to carry."""
    plain = rng.choice([0, 0, 0, group.count // 2]) if row.csv else group.count
    parts = [
        with_row(replace(group, count=group.count - plain), row),
        with_row(replace(group, count=plain), NO_ROW),
    ]
    parts = [
        replace(part, key=f"{part.key}{mark}") for part, mark in zip(parts, "vp", strict=True) if part.count
    ]
    return parts if any((group.joins, group.tags_on, row.csv)) else []


def with_row(group: People, row: Row) -> People:
    return replace(
        group,
        csv_bytes=group.count * row.csv,
        json_bytes=group.count * row.json,
        largest_row=row.json,
        address_bytes=group.count * ADDRESS_BYTES,
        csv_can=row.csv_can,
    )


def vary(rng: Random, people: list[People], lists: list[str], tags: list[str]) -> list[People]:
    """Ids known of all, none or some; some lists held already; some lists left and tags dropped instead."""
    ids, held = rng.choice([0.0, 1.0, 0.5]), rng.choice([0.0, 0.0, 0.2])
    leaving, dropping = rng.choice([0.0, 0.0, 0.3]), rng.choice([0.0, 0.0, 0.3])
    out_of = frozenset(name for name in lists if rng.random() < leaving)
    dropped = frozenset(name for name in tags if rng.random() < dropping)
    everywhere = frozenset(lists[:1]) if rng.random() < 0.2 else frozenset()
    varied = []
    for group in people:
        on = frozenset(name for name in sorted(group.joins) if rng.random() < held) | everywhere
        varied.append(
            replace(
                group,
                joins=group.joins - out_of - on,
                leaves=group.joins & out_of,
                tags_on=group.tags_on - dropped,
                tags_off=group.tags_on & dropped,
                on=on,
                with_ids=rng.random() < ids,
            )
        )
    return [group for group in varied if wants_something(group)]


def wants_something(group: People) -> bool:
    return bool(group.joins or group.leaves or group.tags_on or group.tags_off or group.csv_bytes)


def specials(rng: Random, total: int, lists: list[str], tags: list[str], row: Row) -> list[People]:
    """People with calls of their own, and people to be deleted; each kind in one job of seven."""
    some = frozenset(rng.sample(lists, min(2, len(lists))))
    tagged = frozenset(rng.sample(tags, min(2, len(tags))))
    kinds = [
        People("opts_out", 1, opts_out=True, leaves=some, listable=False),
        People("clears", 1, clears=True, joins=some),
        People("signed_up", 1, signed_up=True, joins=some),
        People("unlistable", 1, listable=False, leaves=some, tags_on=tagged),
        People("deletes", 1, deletes=True),
    ]
    chosen = []
    for kind in kinds:
        if rng.random() < 1 / 7:
            most = total if kind.deletes else min(SPECIALS_AT_MOST, total)
            group = replace(kind, count=int(most ** rng.random()), with_ids=rng.random() < 0.5)
            chosen.append(with_row(group, row if kind.clears or kind.signed_up else NO_ROW))
    return chosen


def tiny_job(seed: int) -> Wanted:
    """One to six people in up to four groups, up to three lists, up to two tags; caps of one to six."""
    rng = Random(seed)
    return next(job for job in iter(lambda: draw_tiny(rng), None) if job.people)


def draw_tiny(rng: Random) -> Wanted:
    lists, tags = names("list", rng.randint(1, 3)), names("tag", rng.randint(0, 2))
    total = rng.randint(1, 6)
    cuts = sorted({0, total, *(rng.randint(0, total) for _ in range(rng.randint(0, 3)))})
    people = [tiny_group(rng, f"g{start}", end - start, lists, tags) for start, end in pairwise(cuts)]
    rows = rng.choice([1, 2, 3, 6])
    limits = Limits(
        body_bytes=rng.choice([60, 100, 400]),
        overhead=10,
        csv_rows=rows,
        json_rows=rows + rng.randint(0, 1),
        list_ids=rng.choice([2, 4]),
        contact_ids=rng.choice([1, 2, 3]),
        tag_ids=rng.choice([1, 2]),
        source_lists=rng.choice([1, 2]),
    )
    closed = frozenset(name for name in lists if rng.random() < 0.3)
    people = [group for group in people if special(group) or wants_something(group)]
    return Wanted(tuple(people), limits, rng.random() < 0.6, closed)


def special(group: People) -> bool:
    return group.deletes or group.opts_out or group.clears or group.signed_up


def tiny_group(rng: Random, key: str, count: int, lists: list[str], tags: list[str]) -> People:
    joins, leaves, on = set(), set(), set()
    for name in lists:
        place = rng.choice([joins, joins, leaves, on, None])
        if place is not None:
            place.add(name)
        if place is leaves and rng.random() < 0.5:
            on.add(name)
    tagged = {name for name in tags if rng.random() < 0.6}
    off = {name for name in sorted(tagged) if rng.random() < 0.3}
    kind = rng.choice([""] * 12 + ["opts_out", "clears", "signed_up", "deletes", "unlistable"])
    if kind in ("opts_out", "unlistable"):
        joins = set()
    group = People(
        key, count, frozenset(joins), frozenset(leaves), frozenset(tagged - off), frozenset(off), frozenset(on),
        with_ids=rng.random() < 0.5, listable=kind not in ("opts_out", "unlistable"),
    )  # what belongs together stands on one line  # fmt: skip
    if kind == "deletes":
        return replace(People(key, count, with_ids=group.with_ids, deletes=True), address_bytes=5 * count)
    if kind in ("opts_out", "clears", "signed_up"):
        group = replace(group, **{kind: True})
    csv = rng.choice([0, 12, 20])
    grown = rng.choice([1, 2])
    return replace(
        group,
        csv_bytes=count * csv,
        json_bytes=count * csv * grown,
        largest_row=csv * grown,
        address_bytes=5 * count,
        csv_can=csv == 0 or rng.random() < 0.8,
    )
