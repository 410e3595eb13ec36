"""Where values of a row can go: the places of a file's import, and others that only JSON has. Pure."""

from collections.abc import Mapping
from typing import Final

from mapping.fields import STANDARD, Place

# Places of an import besides the standard ones: telephone numbers and addresses of other kinds, in JSON only.
MORE_PLACES: Final[Mapping[str, Place]] = {
    place.column: place
    for place in (
        *(Place(f"{kind}_phone", f"Phone ({kind})", "phone", 25) for kind in ("home", "work", "mobile")),
        *(
            Place(f"{kind}_{name}", f"{STANDARD[name].label} ({kind})", "text", STANDARD[name].longest)
            for kind in ("work", "other")
            for name in ("street", "city", "state", "zip", "country")
        ),
    )
}
PLACES: Final[Mapping[str, Place]] = {**STANDARD, **MORE_PLACES}
