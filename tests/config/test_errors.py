"""Pages for what went wrong say what to do, not only that it went wrong."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from config import errors


def text_of(answer):
    return " ".join(answer.content.decode().partition("<main")[2].split())


def test_a_form_with_too_many_answers_is_told_what_to_do(world):
    client, too_many = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]), settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1
    answer = client.post("/accounts/login/", {f"answer-{number}": "x" for number in range(too_many)})
    assert answer.status_code == 400
    said = text_of(answer)
    assert "This request was not understood" in said and "load the page again" in said


def test_a_refusal_without_words_names_who_may(world):
    request = RequestFactory().get("/settings/")
    said = text_of(errors.forbidden(request, PermissionDenied()))
    assert "You may not do this" in said and "An owner or admin of the workspace can do it" in said
    assert "Ask Ann" in text_of(errors.forbidden(request, PermissionDenied("Ask Ann.")))


def test_programs_get_the_same_in_their_shape(world):
    request = RequestFactory().get("/api/settings/")
    said = errors.forbidden(request, PermissionDenied())
    assert said["Content-Type"] == "application/json" and b"You may not do this." in said.content
    assert b"The request cannot be understood." in errors.bad_request(request, PermissionDenied()).content
