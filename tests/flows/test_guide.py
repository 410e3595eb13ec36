"""The commands of the guides do what the pages say: each is read as a terminal would, and sent."""

import shlex

import pytest
from django.conf import settings

from config import docs
from syncjobs import webhookguide
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of


def sent(program, command):
    """The answer to a curl command with `-H`, `-d` and an address."""
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    address, body = "", ""
    for word in words:
        if word == "-d":
            body = next(words)
        elif word == "-H":
            next(words)
        elif not word.startswith("-"):
            address = word
    assert address.startswith(settings.PUBLIC_URL), command
    path = address.removeprefix(settings.PUBLIC_URL)
    path = path.replace("$PATCHBAY_ACCOUNT", program.headers["X-Integrated-Account-Id"])
    answer = program.ask("POST" if body else "GET", path, body)
    return answer.status_code, bytes_of(answer).decode()


@pytest.fixture
def program(world, simulator):
    return Program(world, Person(world).connection)


@pytest.mark.parametrize(("name", "status"), [("make_link", 200), ("write_many", 202), ("batch", 200)])
def test_a_command_of_the_guide_for_programs(program, name, status):
    answered, text = sent(program, docs._programs()[name])
    assert answered == status, text
    assert '"errors": {}' in text or name != "batch", text


def test_the_first_two_commands(program):
    for line in docs._programs()["first_call"].splitlines():
        answered, text = sent(program, line)
        assert answered == 200, text


def test_the_command_that_makes_a_webhook(program):
    commands = webhookguide.facts()["commands"].replace("\\\n", " ").splitlines()
    answered, text = sent(program, next(line for line in commands if line.startswith("curl")))
    assert answered == 200 and '"secret"' in text, text
