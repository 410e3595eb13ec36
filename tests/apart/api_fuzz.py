"""Every operation of the OpenAPI document, with made-up and with real values; runs in an environment of its own.

    python api_fuzz.py FACTS.json

FACTS: `url`, `token`, `account`, `accounts` (operation -> another), `ids` (name of a path parameter -> ids that
exist), `own` (operation -> the same, for it alone), `goods` (operation -> calls that are right), `cases` (how many in
all), `successes` (how many of each operation at least), `seed`.
Prints one JSON object: statuses by operation, and every defect with the call that shows it.
"""

import collections
import json
import random
import sys
import warnings
from itertools import cycle
from pathlib import Path

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENVELOPE = {"result", "next_cursor", "prev_cursor", "result_count", "is_partial_response", "meta"}
AS_IT_COMES = "/api/custom/v3/"
MOST_DEFECTS = 40


class Run:
    """One run over the document."""

    def __init__(self, facts):
        self.facts = facts
        self.statuses = collections.defaultdict(collections.Counter)
        self.defects = []
        self.random = random.Random(facts["seed"])
        self.session = requests.Session()
        self.pools = {name: cycle(ids) for name, ids in facts["ids"].items()}
        self.own = {
            name: {one: cycle(ids) for one, ids in pools.items()} for name, pools in facts["own"].items()
        }
        self.goods = {name: cycle(found) for name, found in facts["goods"].items()}

    def go(self):
        """All operations: as the document allows, as it does not, and until enough of each were right."""
        schema = schemathesis.openapi.from_url(f"{self.facts['url']}/api/openapi.json")
        operations = [one.ok() for one in schema.get_all_operations()]
        each = max(2, self.facts["cases"] // len(operations))
        for operation in operations:
            name = f"{operation.method.upper()} {operation.path}"
            self.generated(operation, name, GenerationMode.POSITIVE, each - each // 4)
            self.generated(operation, name, GenerationMode.NEGATIVE, each // 4)
            self.right(operation, name)
        return {
            "statuses": {name: dict(found) for name, found in self.statuses.items()},
            "defects": self.defects,
            "operations": len(operations),
        }

    def generated(self, operation, name, mode, many):
        """Cases of one kind, with the linked account and, mostly, with real ids."""
        takes = {one.name for one in operation.query}
        query = self.account(name) if "integrated_account_id" in takes else None

        @seed(self.facts["seed"])
        @settings(
            max_examples=max(1, many),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode, query=query))
        def one(case):
            for parameter, pool in self.pools_of(name).items():
                if parameter in (case.path_parameters or {}) and self.random.random() < 0.8:
                    case.path_parameters[parameter] = next(pool)
            self.call(case, name)

        try:
            one()
        except Exception as fault:  # what cannot be generated is told, not passed over
            if type(fault).__name__ not in ("Unsatisfiable", "InvalidArgument"):
                self.defect(name, f"not generated: {type(fault).__name__}: {fault}")

    def right(self, operation, name):
        """Calls that are right, until enough were answered so."""
        for _ in range(2 * self.facts["successes"]):
            if self.successes(name) >= self.facts["successes"]:
                return
            good = next(self.goods[name]) if name in self.goods else {}
            pools = self.pools_of(name)
            names = [one.name for one in operation.path_parameters]
            parameters = {one: next(pools[one]) for one in names if one in pools}
            takes = "integrated_account_id" in {one.name for one in operation.query}
            account = self.account(name) if takes else {}
            case = operation.Case(
                path_parameters={**parameters, **good.get("path", {})},
                query={**account, **good.get("query", {})},
                **(
                    {"body": good["body"], "media_type": good.get("type", "application/json")}
                    if "body" in good
                    else {}
                ),
            )
            self.call(case, name)

    def account(self, name):
        return {"integrated_account_id": self.facts["accounts"].get(name, self.facts["account"])}

    def pools_of(self, name):
        return {**self.pools, **self.own.get(name, {})}

    def successes(self, name):
        return sum(many for status, many in self.statuses[name].items() if 200 <= int(status) < 300)

    def call(self, case, name):
        try:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {self.facts['token']}"}
            answer = case.call(session=self.session, timeout=30)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError, ValueError):
            return  # no client could send it
        self.statuses[name][str(answer.status_code)] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.defect(name, f"{failure.title}: {str(failure)[:600]}", case)
        except Failure as failure:
            self.defect(name, f"{failure.title}: {str(failure)[:600]}", case)
        is_json = "application/json" in (answer.headers.get("content-type") or [""])[0]
        if answer.status_code < 300 and is_json and AS_IT_COMES not in name:
            body = answer.json()
            if not isinstance(body, dict) or set(body) != ENVELOPE:
                self.defect(name, f"not the one shape: {str(body)[:200]}", case)

    def defect(self, name, words, case=None):
        if len(self.defects) < MOST_DEFECTS:
            self.defects.append(
                {"operation": name, "words": words, "curl": case.as_curl_command() if case else ""}
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(Run(json.loads(Path(sys.argv[1]).read_text())).go()))
