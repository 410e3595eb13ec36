"""Guessing is limited: by the account, by the caller's true address, in the database, and the audit knows."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from config.middleware import plain_address
from connections.models import AuditEvent, User
from tests.flows.test_people import (
    NEW_PASSWORD,
    PASSWORD,
    add_app,
    browser,
    code_now,
    last_text,
    link_in,
    sign_in,
    with_password,
    words,
)
from tests.long import LONG
from tests.world import World

WRONG = "wrong horse 9 staple"


def tries(person_email: str, count: int, **headers: Any) -> list[Any]:
    """Wrong passwords, each as if from somewhere else."""
    return [
        browser().post(
            reverse("account_login"),
            {"login": person_email, "password": f"{WRONG} {number}"},
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number % 250}, 198.51.100.{number % 250}",
            **headers,
        )
        for number in range(count)
    ]


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.using("operator").filter(action=action))


def test_many_wrong_passwords_over_made_up_addresses(world: World) -> None:
    person = with_password(world.owner)
    many = 100 if LONG else 40
    answers = tries(person.email, many)
    said = [words(answer) for answer in answers]
    assert sum("address or the password is not right" in one for one in said) == 10
    closed = [one for one in said if "Too many tries. You can try again in" in one]
    assert closed and re.search(r"in \d\d? minutes \(at \d\d:\d\d UTC\)", closed[0])
    assert sum(answer.status_code == 429 for answer in answers) == many - 30, (
        "one caller has 30 tries a minute"
    )
    right = browser().post(
        reverse("account_login"), {"login": person.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.7"
    )
    assert "Too many tries" in words(right), "not even the right one opens it now"
    assert len(events("sign_in_failed")) == 10
    assert person.email in [(event.detail or {})["about"] for event in events("login_limited")]
    assert {(event.detail or {})["from"] for event in events("sign_in_failed")} == {"127.0.0.1"}


def test_others_may_still_sign_in(world: World) -> None:
    tries(with_password(world.owner).email, 11)
    sign_in(with_password(world.member))


def test_addresses_that_nobody_has_are_closed_alike(database: None) -> None:
    said = [words(answer) for answer in tries("nobody@people.test", 11)]
    assert "not right" in said[9] and "Too many tries" in said[10]


def test_behind_proxies_the_true_caller_is_counted(world: World, settings_of: Any) -> None:
    settings_of(TRUSTED_PROXIES=2)
    person = with_password(world.owner)
    for number in range(40):
        last = browser().post(
            reverse("account_login"),
            {"login": f"person{number}@people.test", "password": WRONG},
            # What the caller wrote stands left of what the two proxies added.
            HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.9, 198.51.100.1",
        )
    assert last.status_code == 429
    elsewhere = browser().post(
        reverse("account_login"),
        {"login": person.email, "password": PASSWORD},
        HTTP_X_FORWARDED_FOR="203.0.113.9, 203.0.113.10, 198.51.100.1",
    )
    assert elsewhere.status_code == 302
    [event] = events("signed_in")
    assert (event.detail or {})["from"] == "203.0.113.10"


@pytest.mark.parametrize(
    ("proxies", "header", "seen"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "nonsense", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_who_calls(world: World, settings_of: Any, proxies: int, header: str, seen: str) -> None:
    settings_of(TRUSTED_PROXIES=proxies)
    client = browser()
    person = with_password(world.owner)
    client.post(
        reverse("account_login"),
        {"login": person.email, "password": PASSWORD},
        HTTP_X_FORWARDED_FOR=header,
    )
    assert (events("signed_in")[0].detail or {})["from"] == seen


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "[", "::1]", "1.2.3.4.5", "a" * 10_000])
def test_what_is_no_address(text: str) -> None:
    assert plain_address(text) == ""


def test_many_wrong_codes(world: World) -> None:
    person = with_password(world.owner)
    client = sign_in(person)
    secret = add_app(client)
    said = []
    for _ in range(10 if LONG else 3):
        guesser = sign_in(person, browser())
        said += [words(guesser.post(reverse("mfa_authenticate"), {"code": f"{n:06}"})) for n in range(10)]
    assert sum("That code is not right" in one for one in said) == 10
    assert sum("Too many tries. You can try again in" in one for one in said) == len(said) - 10
    right = guesser.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert "Too many tries" in words(right) and "_auth_user_id" not in guesser.session
    assert events("login_limited")


def test_a_right_code_does_not_open_the_password_of_others(world: World) -> None:
    """Whoever has a second factor of their own cannot wash their tries at others' passwords away with it."""
    person, victim = with_password(world.owner), with_password(world.stranger)
    client = sign_in(person)
    secret = add_app(client)
    tries(victim.email, 10)
    again = sign_in(person)
    again.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert "Too many tries" in words(tries(victim.email, 1)[0])


def test_guessing_the_old_password_is_limited_too(world: World) -> None:
    client = sign_in(with_password(world.owner))
    data = {"oldpassword": WRONG, "password1": "another horse 7 clip", "password2": "another horse 7 clip"}
    answers = [client.post(reverse("account_change_password"), data) for _ in range(12)]
    assert [answer.status_code for answer in answers[-2:]] == [429, 429]
    assert "You can try again at" in words(answers[-1])


def test_a_reset_opens_the_account_again(world: World) -> None:
    person = with_password(world.owner)
    tries(person.email, 11)
    client = browser()
    client.post(reverse("account_reset_password"), {"email": person.email})
    form = client.get(link_in(last_text(person.email)), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    sign_in(person, password=NEW_PASSWORD)


def test_tries_are_counted_in_the_database_by_all_at_once(world: World) -> None:
    """As many processes would: nothing is counted in memory, and no try slips through between two others."""
    person = with_password(world.owner)

    def one(number: int) -> str:
        try:
            return words(tries(person.email, 1, REMOTE_ADDR=f"192.0.2.{number}")[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, range(24)))
    assert sum("not right" in text for text in said) <= 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connections_counter")
        assert cursor.fetchone()[0] > 0


def test_a_very_long_address_is_no_fault(database: None) -> None:
    for text in ("a" * 10_000 + "@people.test", "a@people.test\nBcc: eve@people.test", "\x00@people.test"):
        answer = browser().post(reverse("account_login"), {"login": text, "password": WRONG})
        assert answer.status_code in {200, 400, 422}
        answer = browser().post(reverse("account_reset_password"), {"email": text})
        assert answer.status_code in {200, 400, 422}
    assert not User.objects.exists()
