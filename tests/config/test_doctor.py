"""`manage.py doctor` against a real deployment: silent where it is sound, and of each planted fault exactly that one.

Faults that are a matter of settings are planted for the doctor alone, several at a time; the others are planted in the
deployment itself, one after the other, and taken back.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.conf import settings

from config.doctor import database, machine, provider, running
from config.doctor.catalog import CHECKS
from config.doctor.findings import Check, Look, Options
from config.embedded.placement import place
from tests import plugin
from tests.config.deployment import Deployment
from tests.config.front import Front
from tests.config.planted_in_place import IN_PLACE
from tests.config.planted_settings import NAMES, Plant, Surroundings, plants
from tests.harness import open_folder
from tests.long import LONG

pytestmark = pytest.mark.slow
# Each fault costs a run of the command; without PATCHBAY_LONG every sixteenth is planted.
EVERY = 1 if LONG else 16
SETTINGS_FAULTS, FAULTS_IN_PLACE = list(NAMES)[::EVERY], list(IN_PLACE)[::EVERY]
# pytest's processes share a machine with a few cores; more at once would only wait for each other.
AT_ONCE = 3


Planted = dict[str, Future[dict[str, list[str]]]]


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """One deployment for all of them."""
    with open_folder() as folder, Deployment(folder) as made:
        yield made


@pytest.fixture(scope="module")
def planted(deployment: Deployment) -> Iterator[tuple[dict[str, Plant], Planted]]:
    """What the doctor finds of each fault of the settings; they do not touch the deployment, so some at a time."""
    with ExitStack() as stack:
        found = plants(Surroundings(deployment, stack))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        under_way = {
            name: pool.submit(deployment.doctor, *plant.arguments, **plant.changes)
            for name, plant in found.items()
            if name in SETTINGS_FAULTS
        }
        deployment.looked_at.extend(under_way.values())
        yield found, under_way


def assert_only(found: dict[str, list[str]], check: str, words: str) -> None:
    """This finding, and no other."""
    assert list(found) == [check], found
    assert any(words in sentence for sentence in found[check]), found


# --- A sound one --------------------------------------------------------------------------------------------


def test_silent_and_zero(deployment: Deployment) -> None:
    done = deployment.manage("doctor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_says_on_demand_what_was_looked_at(deployment: Deployment) -> None:
    done = deployment.manage("doctor", "--verbose")
    assert done.returncode == 0
    for check in CHECKS:
        assert f"{check.name}: sound. {check.looks_at}" in done.stdout
    assert "left out" not in done.stdout


def test_machines_read_it_too(deployment: Deployment) -> None:
    told = json.loads(deployment.manage("doctor", "--json").stdout)
    assert told["sound"] is True
    assert [one["check"] for one in told["checks"]] == [check.name for check in CHECKS]


def test_prints_the_redirect_uri_to_enter(deployment: Deployment) -> None:
    ((key,),) = deployment.superuser("SELECT id FROM connections_providerapp WHERE kind = 'live'")
    wanted = f"{deployment.environment['PUBLIC_URL']}/oauth/callback/{key}/"
    assert deployment.manage("doctor", "--redirect-uri").stdout.strip() == wanted


def test_sends_a_message_only_where_asked(deployment: Deployment) -> None:
    assert not deployment.mail.messages
    assert deployment.doctor("--mail-to", "ada@example.com") == {}
    (message,) = deployment.mail.messages
    assert (message["To"], message["From"]) == ("ada@example.com", "Patchbay <patchbay@example.com>")
    deployment.mail.raw.clear()


def test_the_token_endpoint_saw_a_made_up_token_and_nothing_else(deployment: Deployment) -> None:
    assert deployment.doctor() == {}
    seen = [
        (entry["method"], entry["path"].rpartition("/")[2], entry["status"])
        for entry in deployment.simulator.journal()
        if not entry["path"].startswith("/_sim")
    ]
    assert ("POST", "token", 400) in seen, "a sound deployment's token is made up, and refused as such"
    assert {(method, path) for method, path, _ in seen} == {("POST", "token")}


def test_tells_no_secret(deployment: Deployment) -> None:
    told = deployment.manage("doctor", "--json", "-v", "2", LOG_LEVEL="DEBUG")
    for name in ("SECRET_KEY", "SECRETS_KEYS", "CONSTANT_CONTACT_CLIENT_SECRET"):
        assert deployment.environment[name].partition(":")[
            2 if ":" in deployment.environment[name] else 0
        ] not in (told.stdout + told.stderr)
    assert "a-password-of-the-tests" not in told.stdout + told.stderr


def test_a_redirect_to_https_is_right(deployment: Deployment) -> None:
    with Front(deployment.web_port, redirects_to=deployment.address(deployment.front)) as http:
        assert deployment.doctor("--http-port", str(http.port)) == {}


def test_the_operators_role_can_take_a_backup(deployment: Deployment) -> None:
    """As the page for operators says; the other roles are held by row-level security and cannot."""
    assert plugin.CLUSTER is not None
    pg_dump = place(plugin.CLUSTER.folder).binaries / "pg_dump"
    if not pg_dump.exists():
        pytest.skip("this PostgreSQL came without pg_dump")
    for name, status in (("DATABASE_OPERATOR_URL", 0), ("DATABASE_URL", 1)):
        command = [str(pg_dump), "--format=custom", f"--file={deployment.folder / 'dump'}"]
        done = subprocess.run(
            [*command, deployment.environment[name]],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == status, done.stderr


def test_without_mail_is_no_fault(deployment: Deployment) -> None:
    assert deployment.doctor(EMAIL_OFF="1", EMAIL_URL="") == {}


# --- Faults of the settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETTINGS_FAULTS)
def test_finds_the_fault_of_the_settings_and_no_other(
    planted: tuple[dict[str, Plant], Planted], name: str
) -> None:
    found, running_ones = planted
    assert_only(running_ones[name].result(timeout=280), found[name].check, found[name].words)


def test_no_fault_is_planted_in_vain_and_no_check_goes_without_one(
    planted: tuple[dict[str, Plant], Planted],
) -> None:
    assert set(planted[0]) == set(NAMES)
    found_by = {plant.check for plant in planted[0].values()} | {check for _, check, _ in IN_PLACE.values()}
    assert {check.name for check in CHECKS} - found_by == {"deployment"}, "see TestGround"


# --- Faults of the deployment itself ------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS_IN_PLACE)
def test_finds_the_fault_of_the_deployment_and_no_other(deployment: Deployment, name: str) -> None:
    wait(deployment.looked_at)  # by who must not meet this fault
    plant, check, words = IN_PLACE[name]
    with plant(deployment):
        assert_only(deployment.doctor(), check, words)


def test_is_sound_again_after_all(deployment: Deployment) -> None:
    assert deployment.doctor() == {}


# --- What no deployment of a test can be brought to ----------------------------------------------------------------


class TestRunning:
    def run(self, *checks: Check, seconds: float = 5.0) -> dict[str, str]:
        results = running.Run(checks, Options(), seconds).results()
        return {result.check.name: result.state for result in results}

    def test_a_check_that_breaks_is_a_finding(self) -> None:
        def breaks(look: Look) -> None:
            raise ValueError("the token is Zq8K2mP9xW4rT7vB3nL6")

        (result,) = running.Run([Check("breaks", "", breaks)], Options()).results()
        assert "ValueError" in result.faults[0].found
        assert "Zq8K2mP9xW4rT7vB3nL6" not in result.faults[0].found

    def test_a_check_that_hangs_is_a_finding(self) -> None:
        began = time.monotonic()
        hangs = Check("hangs", "", lambda look: time.sleep(20))
        assert self.run(hangs, Check("quick", "", lambda look: None), seconds=0.3) == {
            "hangs": "fault",
            "quick": "sound",
        }
        assert time.monotonic() - began < 5

    def test_what_stands_on_a_fault_is_left_out(self) -> None:
        ground = Check("ground", "", lambda look: look.fault("broken", "mend it"))
        above = Check("above", "", lambda look: None, needs=("ground",))
        higher = Check("higher", "", lambda look: None, needs=("above",))
        beside = Check("beside", "", lambda look: None, after=("ground",))
        assert self.run(ground, above, higher, beside) == {
            "ground": "fault",
            "above": "left out",
            "higher": "left out",
            "beside": "sound",
        }

    def test_every_need_is_a_check(self) -> None:
        names = [check.name for check in CHECKS]
        assert len(names) == len(set(names))
        assert {one for check in CHECKS for one in (*check.needs, *check.after)} <= set(names)


class TestClock:
    @pytest.mark.parametrize(("seconds", "faults"), [(0, 0), (30, 0), (31, 1), (3_600, 1)])
    def test_more_than_half_a_minute_is_a_fault(self, seconds: int, faults: int) -> None:
        look = Look(Options(), {})
        provider.judge(look, "the database's", timedelta(seconds=seconds))
        assert len(look.faults) == faults

    @pytest.mark.usefixtures("database")
    def test_the_databases_clock_is_ours_here(self) -> None:
        assert database.database_clock() < timedelta(seconds=5)


class TestGround:
    """A full disk, an old server and a development that others can reach: judged by the checks themselves."""

    @pytest.mark.parametrize(("free", "faults"), [(2**30, 0), (2**30 - 1, 1)])
    def test_a_full_disk(self, tmp_path, settings_of, monkeypatch, free: int, faults: int) -> None:
        settings_of(PATCHBAY_DATA=str(tmp_path))
        usage = shutil.disk_usage(tmp_path)._replace(total=100 * 2**30, free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
        look = Look(Options(), {})
        machine.data_folder(look)
        assert len(look.faults) == faults

    @pytest.mark.usefixtures("database")
    def test_an_old_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "LEAST_VERSION", 99)
        look = Look(Options(), {})
        database.server(look)
        assert [fault.cure for fault in look.faults] == ["Move to PostgreSQL 99 or newer."]

    @pytest.mark.parametrize(("host", "faults"), [("localhost:8000", 0), ("patchbay.example.com", 1)])
    def test_a_development_that_others_reach(
        self, monkeypatch: pytest.MonkeyPatch, host: str, faults: int
    ) -> None:
        monkeypatch.setattr(settings, "PUBLIC_URL", f"https://{host}")
        look = Look(Options(), {})
        machine.deployment(look)
        assert len(look.faults) == faults
