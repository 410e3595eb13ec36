"""The largest body of an import: by the setting, and by what was found out of where the provider cuts."""

from datetime import UTC, datetime

import pytest

from connections import facts
from syncjobs.imports import bodies, quoting


@pytest.mark.parametrize(
    ("setting", "settled", "largest"),
    [
        (4_184_304, "", 3_990_000),
        (4_184_304, "4000000", 3_990_000),
        (4_184_304, "4194304", 4_184_304),
        # An operator's larger wish does not make the provider take more, a smaller one holds.
        (9_000_000, "", 3_990_000),
        (9_000_000, "4194304", 4_184_304),
        (3_000_000, "4194304", 3_000_000),
    ],
)
def test_the_smaller_limit_holds_until_the_larger_is_found(database, settings_of, setting, settled, largest):
    settings_of(IMPORT_BATCH_BYTES=setting)
    if settled:
        facts.keep("import_cap_bytes", settled, "by hand", datetime.now(UTC))
    assert bodies.most_bytes(facts.found()) == largest
    assert quoting.limits(1, 100, facts.found()).body_bytes == largest  # the planner's


def test_what_was_made_for_the_larger_limit_may_still_go(database):
    facts.keep("import_cap_bytes", "4000000", "by hand", datetime.now(UTC))
    assert bodies.most_ever() == 4_194_304
