"""How large the body of one bulk import may be: the setting, kept below where the provider cuts it without a word.

Its pages say 4 MB, which is either of two numbers. While nobody has found out which, the smaller one holds; a body
that was made for the larger one, and is cut after all, loses nothing: its tail is sent again (`processing`).
"""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from connections import facts

_CAP: Final = "import_cap_bytes"
# Kept free below the provider's limit. The whole body counts here, which is right whether or not the form around a
# file counts there.
SPARE: Final = 10_000


def most_bytes(settled: Mapping[str, str]) -> int:
    """The largest body that is made; `settled` are the facts as `facts.found` gives them."""
    cap = int(settled.get(_CAP) or facts.BY_NAME[_CAP].likely)
    return min(settings.ENV.IMPORT_BATCH_BYTES, cap - SPARE)


def most_ever() -> int:
    """The largest body that was ever made: what is known may have changed since a call was written down."""
    return max(int(answer) for answer in facts.BY_NAME[_CAP].answers)
