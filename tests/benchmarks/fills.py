"""What imports cost that serve a cell: by joins or values, or by filling the scratch list for a mark."""

from math import inf

from tests.benchmarks.carrying import BETAS
from tests.benchmarks.shares import Share, Shares

# Parts of a price: for people who keep a content from growing into another, and for those whom its imports carry.
EDGE, FILL = 0.5, 0.5


class Fills(Shares):
    """`place` is that of the price of mass among BETAS."""

    def joining(self, share: Share, place: int) -> float:
        """The part of the calls for a cell of joins or values that counts for it."""
        cell = share.cell
        if not (cell.cheap or self.carrying.sourced):
            return self.parted(share, share.people, place, present=False)
        cost = share.times - BETAS[place] * min(self.carrying.mass(cell.reach), share.times)
        once = self.choose(share, [(cost, 0), (self.price(share, share.people), share.people)])
        return self.part(share, self.marks) * once

    def last(self, share: Share, place: int) -> float:
        """The same of a single import, whomever it holds."""
        return self.part(share, self.joins) * self.alone(share.cell.reach, place)

    def alone(self, reach: int, place: int) -> float:
        """What one import costs at the least, beyond the mass it carries."""
        return 1 - BETAS[place] * min(1.0, self.carrying.mass(reach))

    def part(self, share: Share, others: list[Share]) -> float:
        higher, equal = self.reached(share, others)
        return 0.0 if higher & share.cell.reach else 0.5 if equal & share.cell.reach else 1.0

    @staticmethod
    def reached(share: Share, others: list[Share]) -> tuple[int, int]:
        """Whom imports for cells of higher rank may hold, and whom those for cells of the same."""
        higher = equal = 0
        for other in others:
            if not other.people & share.cell.reach:
                continue
            if other.rank > share.rank:
                higher |= other.cell.reach
            elif other.rank == share.rank:
                equal |= other.cell.reach
        return higher, equal

    def parted(self, share: Share, mask: int, place: int, *, present: bool) -> float:
        """What counts for a cell: nothing of imports for higher cells, half of those for equal ones, else all."""
        others = self.marks if share.kind == "join" else self.joins
        higher, equal = self.reached(share, others)
        there = present and not mask & higher
        mask &= ~higher
        if not mask & equal:
            return self.covering(share, mask, place, present=there)
        own = self.covering(share, mask & ~equal, place, present=False)
        every = self.covering(share, mask, place, present=there)
        beside = [other for other in others if other.rank == share.rank]
        return max(0.5 * own + 0.5 * every, self.halves(share, mask, place, beside, present=there))

    def halves(self, share: Share, mask: int, place: int, beside: list[Share], *, present: bool) -> float:
        """One import, or two halves; or a half that serves another cell and all who are not written singly."""
        one, part = self.alone(share.cell.reach, place), self.bearing(share)
        options = [(one, 0)] if present else [(one, 0), (part * self.price(share, mask), mask)]
        for other in beside:
            left = mask & ~other.cell.reach
            if left != mask:
                options.append((one / 2 + part * self.price(share, left), left))
        return self.choose(share, options)

    @staticmethod
    def bearing(share: Share) -> float:
        return 1.0 if share.kind == "join" else FILL

    def covering(self, share: Share, mask: int, place: int, *, present: bool) -> float:
        """Imports for these people, or what they bear of single calls."""
        if not mask:
            return 0.0
        options = [] if present else [(self.bearing(share) * self.price(share, mask), mask)]
        valued = mask & self.carrying.valued
        for some in {mask, valued} if place and valued else {mask}:
            apart = self.bearing(share) * self.price(share, mask & ~some)
            options += [
                (apart + calls, gone | mask & ~some) for calls, gone in self.carried(share, some, place)
            ]
        return self.choose(share, options)

    def carried(self, share: Share, mask: int, place: int) -> list[tuple[float, int]]:
        """Imports for these people, all of them or with some written singly, but not all of a group."""
        joins = share.kind == "join"
        times, room = (share.times, self.carrying.served) if joins else (1, self.carrying.cap)
        reach = share.cell.reach
        found = [(self.carrying.least(mask, reach, times, room)[place], 0)]
        size = self.needs.count(mask)
        if size <= min(room, self.carrying.cap) and self.carrying.bytes_of(mask) * times <= 1:
            return found
        each, gone, best = self.bearing(share) * share.least_price, 0, inf
        while gone < size:
            # Between two numbers of people the calls are those for the larger, and the price that for the smaller.
            more = gone + 1 + gone // 2
            calls = self.carrying.least(mask, reach, times, room, more)[place]
            best = min(best, calls + (gone + 1) * each)
            if (more + 1) * each >= best:
                break
            gone = more
        return [*found, (best, mask)]
