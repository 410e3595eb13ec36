"""Nothing is taken from the Host header: every request counts as one to PUBLIC_URL."""

import pytest
from django.test import Client

from connections.mail import delivery
from connections.models import Message


@pytest.mark.usefixtures("database")
class TestAddress:
    def test_a_foreign_host_is_refused(self):
        assert Client(HTTP_HOST="evil.example").get("/help/").status_code == 400

    def test_another_name_of_ours_is_sent_to_the_public_one(self):
        answer = Client(HTTP_HOST="localhost:1234").get("/help/?a=b")
        assert (answer.status_code, answer["Location"]) == (302, "http://patchbay.localhost:8000/help/?a=b")

    def test_a_mailed_link_names_the_public_address(self, world):
        client = Client(HTTP_HOST="patchbay.localhost:9999")
        client.post("/accounts/password/reset/", {"email": world.owner.email})
        text = delivery.written(Message.objects.get(to=world.owner.email)).text
        assert "http://patchbay.localhost:8000/accounts/password/reset/key/" in text
        assert "9999" not in text

    def test_health_is_answered_to_any_name(self):
        assert Client(HTTP_HOST="10.0.0.7").get("/healthz").status_code == 200
        assert Client(HTTP_HOST="10.0.0.7").get("/readyz").status_code == 200

    def test_every_page_carries_the_headers(self):
        answer = Client(HTTP_HOST="patchbay.localhost").get("/help/")
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Referrer-Policy"] == "strict-origin"
        assert answer["Cache-Control"] == "no-store"
        assert "HX-Request" in answer["Vary"]
        assert answer["X-Request-Id"]
