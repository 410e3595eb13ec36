"""What the contents of the scratch list cost, one after the other: calls from it, imports that fill it, emptyings."""

from collections.abc import Callable
from math import ceil, inf

from tests.benchmarks.cells import clash
from tests.benchmarks.fills import EDGE, HOST, Fills
from tests.benchmarks.matching import cheapest
from tests.benchmarks.needs import Needs
from tests.benchmarks.shares import Share

MOST_USES = 12


class Turns(Fills):
    """`lasts`: how far an import counts as the last one for its content, and how far for what it carries."""

    def __init__(self, needs: Needs) -> None:
        super().__init__(needs)
        self.near: dict[int, tuple[int, int, list[Share]]] = {}

    def marking(self, place: int, lasts: float) -> float:
        """All that serves the marks, beyond making and deleting the list."""
        marks, count = self.marks, len(self.marks)
        kept = [mark.gone for mark in marks]
        fills = self.fills(place, lasts)
        fresh = [fills(at, mark.people, True)[0] for at, mark in enumerate(marks)]
        costs = [[inf] * count for _ in marks]
        whys: dict[tuple[int, int], tuple[int, int]] = {}
        nearest = list(fresh)
        for a, one in enumerate(marks):
            for b, other in enumerate(marks):
                if a == b or not one.people & other.cell.reach:
                    continue
                left = one.people & ~other.cell.reach
                passing = EDGE * self.price(one, left)
                if passing >= 1 + fresh[b]:
                    continue
                filled, gone = fills(b, other.people & ~one.cell.reach, False)
                costs[a][b], whys[a, b] = passing + filled, (left, gone)
                nearest[b] = min(nearest[b], filled)
        best, pairs, outs = -inf, {}, [(0.0, 0)] * count
        for turn in (1, 0):  # emptyings are counted, or are not
            found = [self.out(at, place, lasts, fresh[at], nearest[at], turn) for at in range(count)]
            total, chosen = self.in_turn(costs, fresh, found, turn)
            if total > best:
                best, pairs, outs = total, chosen, found
        for mark, gone in zip(marks, kept, strict=True):
            mark.gone = gone
        for a, b in pairs.items():
            marks[a].gone |= outs[a][1] if a == b else whys[a, b][0]
            marks[b].gone |= 0 if a == b else whys[a, b][1]
        return best

    def in_turn(
        self, costs: list[list[float]], fresh: list[float], outs: list[tuple[float, int]], turn: int
    ) -> tuple[float, dict[int, int]]:
        """The cheapest order: what follows what without an emptying (itself: not one use alone)."""
        count = len(fresh)
        ends = [turn * (mark.kind not in ("leave", "delete")) for mark in self.marks]
        gains = [
            [min(0.0, (outs[a][0] if a == b else costs[a][b]) - ends[a] - fresh[b]) for b in range(count)]
            for a in range(count)
        ]
        gained, pairs = cheapest(gains)
        total = sum(mark.times for mark in self.marks) + sum(fresh) + sum(ends) + gained
        return total - turn * (1 + self.freed), pairs

    def fills(self, place: int, lasts: float) -> Callable[[int, int, bool], tuple[float, int]]:
        """A function of a mark's place and people: what imports of them cost, and who is written singly."""
        known: dict[tuple[int, int, bool], tuple[float, int]] = {}
        last = [self.last(mark, place) for mark in self.marks]

        def fill(at: int, people: int, present: bool) -> tuple[float, int]:
            if not people:
                return 0.0, 0
            if (at, people, present) not in known:
                self.marks[at].gone = 0
                full = self.parted(self.marks[at], people, place, present=present)
                counted = min(full, last[at]) + (1 - lasts) * max(0.0, full - last[at])
                known[at, people, present] = counted, self.marks[at].gone
            return known[at, people, present]

        return fill

    def neighbours(self, at: int) -> tuple[int, int, list[Share]]:
        """(people of a mark whom a content for another may hold at most, kinds that may share one, rivals for one)."""
        if at not in self.near:
            mark = self.marks[at]
            others = [other for other in self.marks if other is not mark]
            overlap = max((self.needs.count(mark.people & other.cell.reach) for other in others), default=0)
            others = [other for other in others if other.kind != mark.kind]
            kinds = {other.kind for other in others if clash(mark.cell, other.cell)}
            rivals = [other for other in others if mark.cell.people & other.cell.reach]
            self.near[at] = overlap, 1 + len(kinds), rivals
        return self.near[at]

    def out(
        self, at: int, place: int, lasts: float, fresh: float, nearest: float, turn: int
    ) -> tuple[float, int]:
        """What a mark costs that has not one call from the list alone, beyond its `times`; and who is gone."""
        mark = self.marks[at]
        _, kinds, rivals = self.neighbours(at)
        hosts = sum(HOST * self.price(other, other.people & ~mark.cell.reach) < 1 for other in rivals)
        own = lasts * self.last(mark, place) / kinds
        freeing = turn * (mark.kind == "leave")
        singly = self.price(mark, mark.people) - mark.times
        by_ids = self.by_ids(mark) - mark.times * (1 + mark.joined) + self.look_ups(mark)
        options = [(singly, mark.people), (by_ids, mark.people & self.unknown)]
        saves = ceil(self.limits.contact_ids / self.carrying.cap)  # imports that a call by ids may spare
        if not mark.joined:
            beside = max(1 + own * (hosts == 0), 1 + nearest - saves, nearest / saves)
            options.append((beside - freeing, 0))
        options.append(
            (
                self.several(
                    at, own, hosts, lambda saved: (1 - lasts) * max(0.0, fresh - saved - 1), freeing
                ),
                0,
            )
        )
        return min(options)

    def several(self, at: int, own: float, hosts: int, left: Callable[[float], float], freeing: int) -> float:
        """More than one use: all within contents for others, or what is `left` is filled for this mark alone."""
        size, best, overlap = self.needs.count(self.marks[at].people), inf, self.neighbours(at)[0]
        saved = (overlap + self.limits.contact_ids) * max(1 / self.carrying.cap, self.carrying.heaviest)
        for uses in range(2, MOST_USES + 1):
            cost = uses - 1 + own * max(0, uses - hosts) - uses * freeing
            if uses * overlap >= size:
                return min(best, cost)
            best = min(best, cost + left(uses * saved))
        return min(best, MOST_USES - (MOST_USES + 1) * freeing)
