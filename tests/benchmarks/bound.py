"""A number of calls that no sequence of the model's rules R1 to R9 can do a job with fewer of, for jobs of any
size.

The model is read as in `brute`. Proof, in the order of the code:

Surely paid (`needs`). Opt-outs, clears and sign-ups cost what R8 says. People whose values no import can carry
are written singly, with all else that they want. A person without ids of whom something only ids can serve is
looked up, and has ids from then on. These calls concern one person each and nobody else, so they add up. Either
no scratch list is made, or making and deleting it costs 2: the bound is the smaller of both cases.

Cells (`cells`). A cell is an item (a list to join or leave, a tag on or off, being deleted) with some people Q
who want it; its reach R are all whom a call serving it may hold: those who join or hold the list, else those
who want the item. Whole rows are an item, too: their reach are all who may be imported onto a list with them.
For two cells of a kind, Q misses R' or Q' misses R. A call that serves both names both items and holds somebody
of both, who would lie in R' and in R: so no call serves two cells of a kind, and calls of two kinds are never
the same, but for imports, which may put people on the scratch list besides. Calls of cells add up. People whom
some closed list may serve are left out of Q; where that leaves nobody, the cell costs the one call. A list
joined by import is no exception: what adds its members to another list may as well be named in those imports,
and the same goes for adding from the scratch list, as long as the cap on lists does not bind
(`Carrying.sourced`: then cells of joins count their one call only). Items wanted by just the same people are
copies: each call serves at most the cap of them, and each person of the cell needs `times` calls.

Single calls (`shares`). A PUT may take one person out of many cells, and a look-up lets ids serve them. Let each
person bear, in each of their cells, a part of the PUT (1) and in each turn a part of the look-up (1,
without ids; where no turn bears it, the PUT is 2), all parts together no more than that costs, and no
more than what is left of it when their row no longer travels (see Mass). Then single calls cost at least the sum,
over all cells, of what those bear in it who are written or looked up; and a cell costs at least the least, over
all sets of its people who might be, of what these bear and the calls for the others. So each cell is weighed on
its own, and any prices will do: `refine` moves them to where they matter.

Calls by ids. A cell takes ceil(times |Q| / ids) calls, or one less if those over the last full call are written;
further calls cost more to spare than that or as much as all people bear, since both grow evenly. People who may
enter no list are served by ids beside the scratch list (a call has one sort of source), as a cell of their own;
their last call has room for people whose ids are known, so of the others only those without ids are then sure to
need the list, who bear look-ups there only, and `joined` cells count `times` less by ids. Without a scratch list
everybody who wants something of a kind may be one cell, too: each is in some call of it (`by_crowd`).

Mass (`carrying`). Whole rows have mass, by bytes or by rows, so that no import carries more than 1; V is the job's.
For a price b of mass between 0 and 1, calls >= b V + sum over imports of (1 - b mass), and no term is negative. Over
imports that together hold all of some people the sum is at least `Carrying.least`: x calls hold others than whole
rows (at most `mixed` of mass, as JSON, and less beside rows by address: `rate`), w hold whole rows alone; they carry
all within rows and bytes, and no mass but that of people in reach. With p people written, but somebody left of each
group, the rows are p fewer (`carried`: for p between two numbers, calls as for the larger and prices as for the
smaller); all without values, or everybody, may be written, too (`covering`).

Marks (`marks`). A mark that the scratch list may serve costs `times` calls at least, or what all of its people bear.
Some have turns, with some of their people Q: of no two of these, of whatever kinds, do Q meet R' and Q' meet R. For
each of them either nobody of Q is served from the list: all of Q bear what they do, or calls by ids serve them, and
those without ids bear look-ups (`outside`). Or somebody is (`inside`), by `times` calls and what follows.

Fills. Whoever is served from the list for a mark was put there by an import, and all in that import are still there,
so it lies in R. An import that serves two marks with turns would hold some of Q in R' and some of Q' in R: so each
serves one, and imports that fill for different turns add up. A call by ids beside spares ceil(ids / cap) imports at
most, and never the last one; where calls by ids are made for others anyway, one may be free.

Imports that serve two cells (`fills`). An import may serve one cell of joins or values, and fill for one turn
besides; it then holds somebody of both cells, and people of both reaches only. Part of it counts for the one cell
and the rest for the other: all for the one of higher `rank`, half each where ranks are equal; any ranks will do.
So of a cell's people those in reach of a higher one may travel for nothing, those in reach of an equal one for a
half, all others for a whole: half of what those others take and half of what those and the equal ones take is a
bound (`parted`). And so is, for one import's worth: 1, or two halves, or a half where some single equal cell
reaches everybody who is not written (`halves`).

Emptyings (`turns`). Of each mark with a turn inside take one call that serves somebody from the list, and put these
calls in order of time. Between two of them that follow each other there is an emptying, or what the first found on
the list lies in the reach of the second. Then all of the first Q do who are not written (`gain`), unless it was
served by more than `times` calls: one more call, which is no less than the emptying, but if it is by ids and spares
an import or is made anyway (`beside`). Each mark has one next at most, and one before: the cheapest such choice,
cycles allowed, is an assignment problem; the last needs no emptying. Emptyings that come with a removal are free:
after a turn of a removal, since the list is empty when the call is over; for removals without turns, one for each of
their calls (`freed`). As emptyings are never less than none, the sum without them is a bound, too (`emptied`).

Several choices of cells are bounds, each of them (`priced`): turns by few or by many people first, and joins with
those left out whom imports for turns may hold.

The last step is one of integers: the number of calls is one.
"""

from dataclasses import replace
from itertools import product
from math import ceil

from syncjobs.planner.wanted import Wanted
from tests.benchmarks.carrying import BETAS, EPS
from tests.benchmarks.needs import read
from tests.benchmarks.turns import Turns

LIGHT = 0.3  # rows of less than so many calls are never what a job is dear for
ROUNDS, REFINED = 6, 2  # how often prices are changed, and for how many of the ways to count
LOWERED = (1, 2, 3, 5, 8, 12)  # how many cells are given a lower rank, one after the other

Way = tuple[int, tuple[int, ...]]


def bound(wanted: Wanted) -> int:
    """A number of calls that no sequence of R1 to R9 does this job with fewer of."""
    without = priced(replace(wanted, scratch_allowed=False))
    return min(without, priced(wanted)) if wanted.scratch_allowed else without


def priced(wanted: Wanted) -> int:
    """The bound where a scratch list is made (allowed) or where none is."""
    needs = read(wanted)
    if not needs.groups:
        return needs.fixed + 2 * needs.scratch
    ways = product((True, False), (False, True)) if needs.scratch else [(True, False)]
    best = max(Prices(needs, rising=rising, beyond=beyond).best() for rising, beyond in ways)
    return needs.fixed + ceil(best - EPS)


class Prices(Turns):
    """All that a job costs at the least, by the best of several ways to count."""

    def best(self) -> float:
        found: dict[Way, float] = {}
        places = range(len(BETAS) if self.carrying.volume > LIGHT else 1)
        for ranks in self.rankings():
            for place in places:
                self.start(BETAS[place])
                found[place, ranks] = self.total(place, ranks)
        refined = sorted(found, key=lambda way: -found[way])[:REFINED]
        return max([*found.values(), *map(self.refine, refined)])

    def refine(self, way: Way) -> float:
        """The same with prices moved to where single calls would be the cheaper way."""
        self.start(BETAS[way[0]])
        best = 0.0
        for _ in range(ROUNDS):
            best = max(best, self.total(*way))
            if not any(share.gone for share in self.all):
                break
            self.nudge(BETAS[way[0]])
        return best

    def total(self, place: int, ranks: tuple[int, ...]) -> float:
        """What the model's calls cost at least by these prices."""
        for share, rank in zip(self.joins + self.marks, ranks, strict=True):
            share.rank = rank
        for share in self.all:
            share.gone = 0
        total = BETAS[place] * self.carrying.volume + 2 * self.needs.scratch
        total += sum(self.joining(share, place) for share in self.joins)
        total += sum(self.other(share) for share in self.others)
        return total + (self.marking(place) if self.marks else 0.0)

    def rankings(self) -> list[tuple[int, ...]]:
        """Ranks worth trying, of joins and marks: all equal, either first, and last what others do the work for."""
        joins, marks = len(self.joins), len(self.marks)
        if not joins or not marks:
            return [(1,) * (joins + marks)]
        found = [(1,) * (joins + marks), (2,) * joins + (1,) * marks, (1,) * joins + (2,) * marks]
        pairs = {
            (at, joins + to)
            for at, join in enumerate(self.joins)
            for to, mark in enumerate(self.marks)
            if not (join.people & ~mark.cell.reach and mark.people & ~join.cell.reach)
        }
        ranks = [1] * (joins + marks)
        for lowered in range(1, max(LOWERED) + 1):
            served = [sum(one in pair for pair in pairs) for one in range(joins + marks)]
            most = max(range(joins + marks), key=lambda one: served[one])
            if served[most] < 2:
                found.append(tuple(ranks))
                break
            ranks[most] = 0
            pairs = {pair for pair in pairs if most not in pair}
            if lowered in LOWERED:
                found.append(tuple(ranks))
        return list(dict.fromkeys(found))
