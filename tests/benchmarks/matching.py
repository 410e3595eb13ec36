"""The cheapest matching of rows to columns, where any may stay unmatched."""

from math import inf


def cheapest(gains: list[list[float]]) -> tuple[float, dict[int, int]]:
    """The least sum of entries (none above 0) of which no two share a row or a column; and these entries."""
    size = len(gains)
    down, across = [0.0] * (size + 1), [0.0] * (size + 1)
    row_of = [0] * (size + 1)  # of each column; 0 is none
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        slack, before, seen = [inf] * (size + 1), [0] * (size + 1), [False] * (size + 1)
        while row_of[column]:
            seen[column] = True
            here, delta, following = row_of[column], inf, 0
            entries, base = gains[here - 1], down[here]
            for other in range(1, size + 1):
                if not seen[other]:
                    reduced = entries[other - 1] - base - across[other]
                    if reduced < slack[other]:
                        slack[other], before[other] = reduced, column
                    if slack[other] < delta:
                        delta, following = slack[other], other
            for other in range(size + 1):
                if seen[other]:
                    down[row_of[other]] += delta
                    across[other] -= delta
                else:
                    slack[other] -= delta
            column = following
        while column:
            row_of[column] = row_of[before[column]]
            column = before[column]
    pairs = {row_of[column] - 1: column - 1 for column in range(1, size + 1)}
    chosen = {row: column for row, column in pairs.items() if gains[row][column] < 0}
    return sum(gains[row][column] for row, column in chosen.items()), chosen
