"""A 401 costs one question and one more sending, never more."""

import pytest

from connections.constantcontact import errors
from tests.constantcontact.stage import UNAUTHORIZED, Stage, answer

COUNTS = {"total": 3, "explicit": 1, "implicit": 1, "pending": 0, "unsubscribed": 1, "later": "ignored"}


def bearers(stage):
    return [request.headers["authorization"] for request in stage.wire.requests]


def test_the_current_token_is_used_as_long_as_it_is_accepted():
    stage = Stage(answer(200, COUNTS))
    stage.client.contacts.counts()
    assert bearers(stage) == ["Bearer token-1"]
    assert stage.tokens_asked == [None]


def test_after_a_401_a_fresher_token_is_asked_for_once_and_the_same_body_is_sent_again():
    made = {"list_id": "l1", "name": "News"}
    stage = Stage(answer(401, UNAUTHORIZED), answer(201, made))
    assert stage.client.lists.create("News").list_id == "l1"
    assert bearers(stage) == ["Bearer token-1", "Bearer token-2"]
    assert stage.tokens_asked == [None, "token-1"]
    first, second = stage.wire.requests
    assert first.content == second.content != b""
    assert stage.ledger.delivered == [[True], [True]]


def test_a_second_401_is_an_error_and_no_third_sending():
    stage = Stage(answer(401, UNAUTHORIZED))
    with pytest.raises(errors.Unauthorized):
        stage.client.contacts.counts()
    assert len(stage.wire.requests) == 2


def test_the_same_token_again_is_not_sent_again():
    stage = Stage(answer(401, UNAUTHORIZED))
    stage.tokens = ["token-1", "token-1"]
    with pytest.raises(errors.Unauthorized):
        stage.client.contacts.counts()
    assert len(stage.wire.requests) == 1


def test_a_grant_that_is_gone_comes_through_as_it_is():
    stage = Stage(answer(401, UNAUTHORIZED))
    stage.tokens[1] = errors.InvalidGrant("invalid_grant")
    with pytest.raises(errors.InvalidGrant, match="connect again"):
        stage.client.contacts.counts()
    assert stage.ledger.delivered == [[True]]
