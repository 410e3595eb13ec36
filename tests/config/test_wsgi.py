"""The application as the web server hands it requests."""

import importlib
import io

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from config import wsgi
from tests.flows.test_proxy_fuzz import place  # noqa: F401  # a fixture

SECRET = "http://proxy:canary-password@proxy.example:3128"
# As Granian has it: what the process itself is told, with the request's own on top.
OF_THE_PROCESS = {"HTTP_PROXY": SECRET, "HTTP_PORT": "8000", "PATH": "/bin"}


def called(application, environ):
    answers = []
    body = application(environ, lambda status, headers, exc_info=None: answers.append(status))
    b"".join(body)
    body.close()
    return answers[0]


def test_the_process_s_own_variables_are_no_headers(world, place):  # noqa: F811  # the fixture
    provider, _, connection = place
    environ = {
        **OF_THE_PROCESS,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/custom/v3/contacts",
        "QUERY_STRING": "",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        "HTTP_HOST": settings.ALLOWED_HOSTS[0],
        "HTTP_AUTHORIZATION": f"Bearer {world.token()}",
        "HTTP_X_INTEGRATED_ACCOUNT_ID": str(connection.pk),
        "HTTP_X_OWN": "kept",
    }
    own = [name for name in OF_THE_PROCESS if name.startswith("HTTP_")]
    assert called(wsgi.without(own, WSGIHandler()), environ).startswith("200")
    [heard] = provider.simulator.heard
    assert heard.headers["x-own"] == "kept"
    assert not {"proxy", "port"} & set(heard.headers)
    assert SECRET not in str(heard.headers)


def test_it_is_what_the_web_server_runs(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", SECRET)
    seen = importlib.reload(wsgi).application
    environ = {
        "HTTP_PROXY": SECRET,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/healthz",
        "wsgi.input": io.BytesIO(),
    }
    environ |= {"SERVER_NAME": "x", "SERVER_PORT": "80", "HTTP_HOST": "localhost"}
    assert called(seen, environ).startswith("200")
    assert "HTTP_PROXY" not in environ
