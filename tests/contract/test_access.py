"""Every operation asks for the scope and the privilege that the description names, and for a token at all."""

import pytest

from connections.simulator.roles import ROLES
from tests.contract.stage import Stage
from tests.contract.swagger import Operation, absent, say, swagger
from tests.simulator.rig import HARBOR, Caller

pytestmark = pytest.mark.skipif(absent() is not None, reason=str(absent()))
SCOPES = ("account_read", "account_update", "contact_data", "campaign_data", "offline_access")
UUID = "7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e"


def status(caller: Caller, operation: Operation) -> int:
    """How a call without anything to say is answered: whoever may not come in hears nothing of what it lacks."""
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter["name"] + "}", UUID)
    return caller.call(operation.method, path, json={}).status_code


def test_scopes_privileges_and_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    stage, problems, checks = Stage(swagger()), [], 0
    stranger = Caller(stage.rig, "none")
    callers = {role: stage.rig.sign_in(HARBOR, role=role) for role in ROLES}
    without = {
        scope: stage.rig.sign_in(HARBOR, scope=" ".join(other for other in SCOPES if other != scope))
        for scope in SCOPES
    }
    for operation in swagger().operations.values():
        checks += 1
        if status(stranger, operation) != 401:
            problems.append(f"{operation.name} takes a call without a good token")
        for scope in () if operation.path.startswith("/partner") else operation.scopes:
            checks += 1
            if status(without[scope], operation) != 403:
                problems.append(f"{operation.name} takes a token without {scope}")
        for privilege in operation.privileges:
            for role, held in ROLES.items():
                checks += 1
                refused = status(callers[role], operation) == 403
                if refused == (privilege in held):
                    problems.append(
                        f"{operation.name} {'refuses' if refused else 'takes'} the {role} ({privilege})"
                    )
    stage.close()
    say(
        capsys,
        f"tokens, scopes and privileges: {checks - len(problems)} of {checks}",
    )
    assert problems == []
