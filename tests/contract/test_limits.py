"""Every documented limit of a request is enforced with a 400 in the documented shape.

A good request is spoiled at one place at a time: one character or item too many, a number out of range, a word
outside the vocabulary, a required value left out.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.exceptions import INSTEAD, LIMITS, explain
from tests.contract.stage import Json, Stage
from tests.contract.swagger import Limit, Operation, absent, say, swagger
from tests.contract.test_answers import good

pytestmark = pytest.mark.skipif(absent() is not None, reason=str(absent()))
MANY = "7f0c2a52-6d7e-4c55-9a43-{:012}"


def spoiled(limit: Limit, body: Any) -> Any:
    """The body with one value beyond its limit; None where the body has no such place."""
    body = copy.deepcopy(body)
    if not limit.at:
        return None
    holder = body
    for part in limit.at[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError):
            return None
    key = limit.at[-1]
    if limit.kind == "required":
        if not isinstance(holder, dict):
            return None
        holder.pop(key, None)
        return body
    old = holder.get(key) if isinstance(holder, dict) else holder[key]
    holder[key] = beyond(limit, old)
    return body


def beyond(limit: Limit, old: Any) -> Any:
    """A value just beyond a limit."""
    value = limit.value
    if limit.kind == "maxLength":
        tail = "@example.org" if isinstance(old, str) and "@" in old else ""
        return "x" * (value + 1 - len(tail)) + tail
    if limit.kind == "minLength":
        return "x" * (value - 1)
    if limit.kind == "maxItems":
        item = old[0] if old else MANY
        if isinstance(item, str):
            return [MANY.format(number) for number in range(value + 1)]
        return [copy.deepcopy(item) for _ in range(value + 1)]
    if limit.kind == "minItems":
        return [] if value == 1 else (old or [])[: value - 1]
    if limit.kind == "enum":
        return "no such word"
    return value - 1 if limit.kind == "minimum" else value + 1


def parameter_limits(operation: Operation) -> Iterator[tuple[Limit, Any]]:
    """The limits of the parameters, each with a value beyond it; None leaves the parameter out."""
    for parameter in operation.parameters:
        name, place = parameter["name"], parameter["in"]
        at = (f"{place} {name}",)
        counted = parameter.get("type") == "string" and name not in ("limit", "offset")
        if parameter.get("required") and place != "path":
            yield Limit(at, "required", True), None
        if "enum" in parameter or "enum" in parameter.get("items", {}):
            yield Limit(at, "enum", parameter.get("enum")), "no such word"
        if "maxItems" in parameter or ("maximum" in parameter and counted):
            most = parameter.get("maxItems") or parameter["maximum"]
            yield Limit(at, "maxItems", most), ",".join(MANY.format(number) for number in range(most + 1))
        elif "maximum" in parameter or "maxLength" in parameter:
            yield Limit(at, "maximum", None), parameter.get("maximum", parameter.get("maxLength")) + 1
        least = parameter.get("minimum", parameter.get("minLength"))
        if least is not None and not counted:
            yield Limit(at, "minimum", least), least - 1


def with_parameter(call: Json, limit: Limit, value: Any) -> Json:
    """The good call with one parameter beyond its limit."""
    place, _, name = str(limit.at[0]).partition(" ")
    target = {"query": "query", "path": "ids", "formData": "upload"}[place]
    changed = {**call.get(target, {}), name: value}
    if value is None:
        changed.pop(name)
    return {**call, target: changed}


SAYS = {
    "required": re.compile("missing|required|between|together|at least"),
    "enum": re.compile("valid value"),
    "maxLength": re.compile("maximum length|exceeds|valid value"),
    "minLength": re.compile("missing|shorter|length|between"),
    "maxItems": re.compile("maximum of|between"),
    "minItems": re.compile("at least"),
    "minimum": re.compile("between|greater"),
    "maximum": re.compile("between"),
}
# The rows of an import are looked at by the job, which counts the wrong ones.
ROWS = ("bulkImportContactsJSON", "import_data")


def refused_as_documented(stage: Stage, operation: Operation, limit: Limit, call: Json) -> str | None:
    """What is wrong with the refusal of a spoiled call."""
    answer = stage.send(operation, **call)
    if answer.status_code != 400:
        return f"answered {answer.status_code}: {answer.text[:200]}"
    body = answer.json()
    error = body if operation.path.startswith("/reports/") else (body[0] if isinstance(body, list) else None)
    if not isinstance(error, dict) or set(error) != {"error_key", "error_message"}:
        return f"has another shape: {answer.text[:200]}"
    named = str(limit.at[-1] if isinstance(limit.at[-1], str) else limit.at[-2]).split(" ", 1)[-1]
    if named not in error["error_message"] or not SAYS[limit.kind].search(error["error_message"]):
        return f"says something else: {error['error_message'][:200]}"
    return None


def counted_by_the_job(stage: Stage, operation: Operation, call: Json) -> str | None:
    """What is wrong with a job that was given a row beyond a limit."""
    answer = stage.send(operation, **call)
    if answer.status_code != 201:
        return f"answered {answer.status_code}: {answer.text[:200]}"
    status = stage.harbor.finished(answer.json())["status"]
    counted = status["error_count"] + status["correctable_count"]
    return None if counted == 1 else f"counted {status}"


def attempts(stage: Stage, operation: Operation) -> Iterator[tuple[Limit, Json]]:
    call = good(stage, operation)
    if operation.body is not None:
        whole = stage.fill(operation.body)
        for documented in stage.swagger.limits(operation.body):
            most = INSTEAD.get((operation.name, str(documented)), documented.value)
            limit = replace(documented, value=most)
            # A place that the good body leaves out is spoiled in the filled one: it is refused for it all the same.
            body = spoiled(limit, call["body"])
            body = spoiled(limit, whole) if body is None else body
            if body is not None:
                yield limit, {**call, "body": body}
            else:
                yield limit, {}
    for limit, value in parameter_limits(operation):
        yield limit, with_parameter(call, limit, value)


def test_every_limit_is_enforced(capsys: pytest.CaptureFixture[str]) -> None:
    kinds: dict[str, list[int]] = {}
    problems: list[str] = []
    used: set[tuple[str, str]] = set()
    other = [0, 0]
    for operation in swagger().operations.values():
        stage = Stage(swagger())
        for limit, call in attempts(stage, operation):
            counts = kinds.setdefault(limit.kind, [0, 0])
            counts[1] += 1
            if (operation.name, str(limit)) in LIMITS:
                used.add((operation.name, str(limit)))
                if (operation.name, str(limit)) not in INSTEAD:
                    continue
                counts[1] -= 1
                other[1] += 1
                counts = other
            if not call:
                wrong: str | None = "has no place in the request"
            elif (operation.name, limit.at[0]) == ROWS and len(limit.at) > 1:
                wrong = counted_by_the_job(stage, operation, call)
            else:
                wrong = refused_as_documented(stage, operation, limit, call)
            if wrong is None:
                counts[0] += 1
            else:
                problems.append(f"{operation.name} {limit} ({limit.value}) {wrong}")
        stage.close()
    enforced = ", ".join(f"{kind} {done} of {all_}" for kind, (done, all_) in sorted(kinds.items()))
    rest = f"{other[0]} of {other[1]} with another number; {len(LIMITS)} exceptions:\n{explain(LIMITS)}"
    say(capsys, f"limits enforced: {enforced}; {rest}")
    assert problems == []
    assert used == set(LIMITS)
