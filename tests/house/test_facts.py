"""Every open point of the provider is read somewhere, or stands here with what makes the product right either way."""

import pytest

from connections import facts
from tests.house import tree

ASKING = ("connections/facts.py", "connections/probing/", "connections/simulator/")
RIGHT_EITHER_WAY = {
    "import_cap_counts": "the whole body counts (imports/bodies.py)",
    "rejected_calls_count": "every call is charged before it is sent, however it ends (charging.py)",
    "failed_calls_count": "the same",
    "limiter": "both paces keep within any second (pacing.py); one call at a time in a bucket is a matter of jitter",
    "window_bounds": "windows overlap by minutes (mirroring/leaving.py, imports/guarding.py)",
    "index_lag_seconds": "no window counts as asked until the longest lag is over (mirroring/leaving.py)",
    "lists_move_updated_at": "lists are known from exports and from what we wrote (mapping/mirror.py)",
    "tags_move_updated_at": "the same of tags",
    "delete_moves_updated_at": "the deleted are asked for whole, without a window (mirroring/leaving.py)",
    "delete_lag_seconds": "who has just vanished counts as deleted (imports/judging.py)",
    "import_revives_deleted": "nobody who was deleted is sent (imports/judging.py, imports/guarding.py)",
    "pkce_on_code_app": "an application sends what its setting says, CONSTANT_CONTACT_FLOW",
    "old_access_token_after_refresh": "a 401 is answered once, by the newest token (constantcontact/auth.py)",
    "refresh_reuse": "no refresh token is used again but in its grace, or with nothing left to lose (lifetimes.py)",
    "export_contact_id": "an export's own header says it (imports/exports.py)",
    "export_tags": "the same",
    "export_custom_fields": "the same",
    "export_list_separator": "known names are found whichever stands between them (imports/exports.py)",
    "export_includes_removed": "the deleted are asked for by themselves (mirroring/leaving.py)",
    "import_error_texts": "who was not taken is told by the account, not by texts (imports/settling.py)",
    "login_page_opener_policy": "the pop-up reports to the server",
}


@pytest.mark.parametrize("name", facts.BY_NAME)
def test_a_fact_is_read_or_needs_no_reader(name: str) -> None:
    sources = [path for path in tree.modules() if not path.as_posix().startswith(ASKING)]
    is_read = any(f'"{name}"' in tree.text(path) for path in sources)
    assert is_read != (name in RIGHT_EITHER_WAY)


def test_what_needs_no_reader_is_a_fact() -> None:
    assert RIGHT_EITHER_WAY.keys() <= facts.BY_NAME.keys()
