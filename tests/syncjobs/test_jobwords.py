"""Words of jobs: every stage and every kind of call has some."""

from syncjobs import jobwords
from syncjobs.bulk import steps as bulk
from syncjobs.imports import steps as imports
from syncjobs.mirroring import steps as mirroring
from syncjobs.planner import Kind


def test_every_stage_has_words():
    assert set(jobwords.STAGES) == {*bulk.STAGES, *imports.STAGES, *mirroring.STAGES}
    assert set(jobwords.CALLS) == {str(kind) for kind in Kind}


def test_a_note_says_one_as_one():
    assert jobwords.note("1 calls") == "1 call"
    assert jobwords.note("21 calls") == "21 calls"
    assert jobwords.note("import_csv 0: 1 people") == "import (CSV) 0: 1 person"
    assert jobwords.note("list “VIP 1 calls”") == "list “VIP 1 calls”"
    assert jobwords.note("") == ""
