"""Every documented operation is answered, and every answer is what the description says, whole."""

import pytest

from tests.contract.exceptions import ABSENT, NULL_LINKS, OTHER_STATUS, explain
from tests.contract.recipes import recipe
from tests.contract.stage import Json, Stage
from tests.contract.swagger import Operation, absent, present, say, swagger

pytestmark = pytest.mark.skipif(absent() is not None, reason=str(absent()))
FORM: Json = {"list_ids": "", "file": "email\nfrom.csv@example.org\n", "sms_permission_to_send": "not_set"}


def good(stage: Stage, operation: Operation) -> Json:
    """The keywords of a good call."""
    how = recipe(operation.name)
    how.before(stage)
    call: Json = {"ids": how.ids(stage), "query": how.query}
    if operation.body is not None:
        call["body"] = how.body(stage, stage.fill(operation.body))
    if any(parameter["in"] == "formData" for parameter in operation.parameters):
        call["upload"] = {**FORM, "list_ids": stage.known("list_id")}
    return call


def check(operation: Operation) -> tuple[list[str], set[str], set[str]]:
    """What is wrong with the answers of an operation; its declared properties; those that were there."""
    stage = Stage(swagger())
    schema = next(iter(operation.answers.values()))
    declared = set(stage.swagger.declared(schema)) if schema else set()
    problems: list[str] = []
    found: set[str] = set()
    calls = [good(stage, operation), *(lambda more=more: more(stage) for more in recipe(operation.name).more)]
    for wish in calls:
        call = wish() if callable(wish) else wish
        answer = stage.send(operation, **call)
        status = answer.status_code
        if status not in operation.answers and status != OTHER_STATUS.get(operation.name):
            problems.append(f"{operation.name} answered {status}: {answer.text[:300]}")
        elif schema and answer.content and answer.headers["content-type"] == "application/json":
            problems += [
                f"{operation.name}: {fault}"
                for fault in stage.swagger.faults(schema, answer.json())
                if not (operation.path.startswith(NULL_LINKS) and fault == "._links.next is None, not object")
            ]
            found |= set(present(answer.json()))
    stage.close()
    return problems, declared, found


def test_every_operation_is_answered_whole(capsys: pytest.CaptureFixture[str]) -> None:
    problems: list[str] = []
    answered = declared = carried = 0
    unused = set(ABSENT)
    for operation in swagger().operations.values():
        wrong, names, found = check(operation)
        missing = names - found
        explained = {name for name in missing if (operation.name, name) in ABSENT}
        unused -= {(operation.name, name) for name in explained}
        problems += wrong + [f"{operation.name} lacks {name}" for name in sorted(missing - explained)]
        answered += not wrong
        declared += len(names)
        carried += len(names & found)
    total = len(swagger().operations)
    say(
        capsys,
        f"answered as documented: {answered} of {total} operations\n"
        f"declared properties carried: {carried} of {declared}; {len(ABSENT)} exceptions:\n{explain(ABSENT)}",
    )
    assert problems == []
    assert unused == set()
    # Those of the build that the tables were made from; a later one may have more, and shows what is missing.
    assert total >= 128
