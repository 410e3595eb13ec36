"""Cells: an item and some of its people, chosen so that no call serves two cells of a kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.benchmarks.needs import Item, Needs, bits


@dataclass
class Cell:
    """`people`: its groups. `copies`: items wanted by just these. `cheap`: a closed list may serve it."""

    item: Item
    people: int
    reach: int  # groups that a call serving this item may hold
    copies: int
    cheap: bool
    size: int = 0  # people


MOST_SEEDS = 2_500  # persons and items looked at one by one


def choose(
    needs: Needs, kinds: tuple[str, ...], *, alone: bool, cap: int = 10**9, values: bool = False, but: int = 0
) -> list[Cell]:
    """Cells of these kinds by the best of a few greedy orders. `alone`: no call serves two items (a cap of one).

    `cap`: people whom one call serves, at most; `values`: whole rows are items, too, where lists keep them apart;
    `but`: people who are left out.
    """
    candidates = distinct(needs, kinds, alone=alone)
    if values:
        candidates += rows_apart(needs)
    if but:
        candidates = [replace(cell, people=cell.people & ~but) for cell in candidates if cell.people & ~but]
    if alone or len(candidates) < 2:
        return measure(needs, candidates if not values else greedy(candidates))
    orders = (
        sorted(candidates, key=lambda cell: cell.people.bit_count()),
        sorted(candidates, key=lambda cell: -cell.people.bit_count()),
    )
    found = [greedy(order) for order in orders]
    planted = seeded(candidates)
    if planted:
        found.append(greedy(orders[0], planted))
    return max((measure(needs, cells) for cells in found), key=lambda cells: worth(cells, cap))


def rows_apart(needs: Needs) -> list[Cell]:
    """Whole rows as cells: those who may be imported onto the same lists; who else may be with them in an import."""
    found: dict[frozenset[str], Cell] = {}
    for place, group in enumerate(needs.groups):
        if not group.row_bytes or not group.allowed:
            continue
        if group.allowed not in found:
            reach = 0
            for name in group.allowed:
                reach |= needs.allowed[name]
            found[group.allowed] = Cell(("join", ""), 0, reach, 1, cheap=False)
        found[group.allowed].people |= 1 << place
    return list(found.values())


def seeded(candidates: list[Cell]) -> list[Cell]:
    """As many cells as can be found by looking at single people: those with the fewest others in their way first."""
    seeds: list[tuple[int, int, int]] = []  # (candidate, candidates that reach these people, the people)
    for place, cell in enumerate(candidates):
        alike: dict[int, int] = {}
        for group in bits(cell.people):
            row = sum(1 << other for other, one in enumerate(candidates) if one.reach >> group & 1)
            alike[row] = alike.get(row, 0) | 1 << group
        seeds += [(place, row, people) for row, people in alike.items()]
        if len(seeds) > MOST_SEEDS:
            return []
    of, held = [0] * len(candidates), [0] * len(candidates)
    for seed, (place, row, _) in enumerate(seeds):
        of[place] |= 1 << seed
        for other in bits(row):
            held[other] |= 1 << seed
    near = []
    for place, row, _ in seeds:
        together = 0
        for other in bits(row):
            together |= of[other]
        near.append(together & held[place] | of[place])
    left, chosen = (1 << len(seeds)) - 1, []
    while left:
        seed = min(bits(left), key=lambda one: ((near[one] & left).bit_count(), one))
        left &= ~near[seed]
        chosen.append(seed)
    cells = [replace(candidates[seeds[seed][0]], people=seeds[seed][2]) for seed in chosen]
    return grown(cells, [candidates[seeds[seed][0]].people for seed in chosen])


def grown(cells: list[Cell], wants: list[int]) -> list[Cell]:
    """The cells with everybody else who wants their items and makes no two of them clash."""
    for cell, want in sorted(zip(cells, wants, strict=True), key=lambda pair: pair[1].bit_count()):
        taken = 0
        for other in cells:
            if other is not cell and other.people & cell.reach:
                taken |= other.reach
        cell.people |= want & ~taken
    return cells


def worth(cells: list[Cell], cap: int) -> tuple[int, int]:
    """Calls that serve these cells at the least; and the people of the smallest."""
    return sum(-(-cell.size // cap) for cell in cells), min((cell.size for cell in cells), default=0)


def measure(needs: Needs, cells: list[Cell]) -> list[Cell]:
    for cell in cells:
        cell.size = needs.count(cell.people)
    return cells


def distinct(needs: Needs, kinds: tuple[str, ...], *, alone: bool) -> list[Cell]:
    """A cell an item with all its people (those whom no closed list may serve, where there are any)."""
    found: dict[object, Cell] = {}
    for item, wants in needs.wants.items():
        if item[0] not in kinds:
            continue
        people = wants & ~needs.by_list.get(item, 0)
        reach = needs.allowed[item[1]] if item[0] == "join" else wants
        cell = Cell(item, people or wants, reach, 1, cheap=not people)
        key = item if alone else (item[0], cell.people, reach)
        if key in found:
            found[key].copies += 1
        else:
            found[key] = cell
    return list(found.values())


def turning(needs: Needs, cells: list[Cell], *, rising: bool) -> list[Cell]:
    """Of cells of any kinds some, with some of their people, of which no two clash; the smallest first or last."""
    unknown, ids = needs.among(lambda group: not group.with_ids), needs.limits.contact_ids

    def dear(part: int, whole: int) -> float:
        """What calls by ids for the part of a cell would cost, as far as that matters."""
        return min(4.0, needs.count(part & unknown) - (-needs.count(part) // ids)) + share(part, whole)

    order = sorted(cells, key=lambda cell: (needs.count(cell.people), cell.item), reverse=not rising)
    return measure(needs, greedy(order, across=dear))


def greedy(
    order: list[Cell], start: list[Cell] | None = None, *, across: Callable[[int, int], float] | None = None
) -> list[Cell]:
    """Adds item after item; where two cells clash, the people in the way leave the one that can spare them better.

    `across`: cells of different kinds must not clash either; and what a part of a cell is worth then.
    """
    chosen = list(start or [])
    there = {(cell.item, cell.reach) for cell in chosen}
    for candidate in order:
        if (candidate.item, candidate.reach) in there:
            continue
        cell = Cell(candidate.item, candidate.people, candidate.reach, candidate.copies, candidate.cheap)
        cut: dict[int, int] = {}
        for place, other in enumerate(chosen):
            if other.item[0] != cell.item[0] and across is None:
                continue
            theirs = cut.get(place, other.people)
            if not (theirs & cell.reach and cell.people & other.reach):
                continue
            mine, yours = cell.people & ~other.reach, theirs & ~cell.reach
            if not mine and not yours:
                break
            worth_of = across or share
            if worth_of(mine, cell.people) >= worth_of(yours, other.people):
                cell.people = mine
            else:
                cut[place] = yours
        else:
            for place, people in cut.items():
                chosen[place].people = people
            chosen.append(cell)
    return chosen


def share(part: int, whole: int) -> float:
    return part.bit_count() / whole.bit_count()
