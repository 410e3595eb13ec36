"""Nothing is sent to an address that is not public, and whoever is spoken to is spoken to briefly.

Every connection that this process opens is seen by an audit hook of the interpreter, whatever opened it.
"""

import sys
from contextlib import contextmanager

import pytest

from syncjobs import egress
from syncjobs.egress import NoAnswer, Refused
from syncjobs.publicaddresses import is_public
from tests.live import NAME, Certificates, TlsProxy
from tests.receiver import Receiver

_watching: list[list[object]] = []


def _note(event, arguments):
    if event == "socket.connect":
        for seen in _watching:
            seen.append(arguments[1])


sys.addaudithook(_note)


@contextmanager
def connections_opened():
    """Addresses that anything connects to within the block."""
    seen: list[object] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


@pytest.fixture
def receiver(settings_of):
    with Receiver() as found:
        settings_of(EGRESS_ALLOW=found.place, EGRESS_SECONDS=10.0)
        yield found


def nobody(host, port):
    raise AssertionError(f"{host} was looked up")


# --- Addresses that are not public ------------------------------------------------------------------------------------

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.254",
    "127.0.0.1",
    "127.1.2.3",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]
PRIVATE_6 = [
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "feb0::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def embedded(address):
    """An IPv4 address in the IPv6 spellings that carry one."""
    high, low = address.split(".")[:2], address.split(".")[2:]
    words = f"{int(high[0]):02x}{int(high[1]):02x}:{int(low[0]):02x}{int(low[1]):02x}"
    return [f"::ffff:{address}", f"::ffff:{words}", f"64:ff9b::{address}", f"64:ff9b::{words}"]


CARRIED = [one for address in PRIVATE for one in embedded(address)]


@pytest.mark.parametrize("address", [*PRIVATE, *PRIVATE_6, *CARRIED, "", "nonsense", "1.2.3", "2130706433"])
def test_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_is_public(address):
    assert is_public(address)


# --- The corpus -------------------------------------------------------------------------------------------------------

# Refused by their form alone.
ODD_HOSTS = [
    "127.1",
    "127.0.1",
    "0",
    "1",
    "2130706433",
    "3232235521",
    "4294967295",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.0000.0000.0001",
    "017700000001",
    "00000000000000000000000000000177.0.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "127.0.0.1..",
    "10.0.0.0x1",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "169.16689662",
    "2852039166",
    "025177524776",
    "256.256.256.256",
    "127.0.0.1.0",
    "1.1.1.1.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "LocalHost.LocalDomain",
    "api.localhost",
    "printer.local",
    "metadata.google.internal",
    "instance-data.ec2.internal",
    "host.docker.internal",
    "kubernetes.default.svc.cluster.local",
    "router.lan",
    "nas.home",
    "x.home.arpa",
    "wiki.corp",
    "hidden.onion",
    "intranet",
    "db",
    "example.com.",
    "example..com",
    ".example.com",
    "-a.example.com",
    "a-.example.com",
    "under_score.example.com",
    f"{'a' * 64}.example.com",
    f"{'a.' * 130}com",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "ⓛocalhost",
    "①②⑦.⓪.⓪.①",
    "ｅxample.com",
    "exämple.com",
    "example.com%00.evil.com",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "localhost%23.example.com",
    "[::1",
    "::1",
    "[]",
    "[1.2.3.4]",
    "[::1%25lo]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[v1.fe80::1]",
    "[::ffff:127.1]",
    "[0:0:0:0:0:0:0:0:1]",
    "[::1]x",
    "",
    " ",
    "user@127.0.0.1",
    "example.com@127.0.0.1",
    "127.0.0.1@example.com",
    "user:password@example.com",
    "example.com:443@127.0.0.1",
    "example.com\\@127.0.0.1",
    "example.com\\.evil.com",
    "example.com:443:443",
    "example.com:",
    "example.com:0",
    "example.com:22",
    "example.com:80",
    "example.com:3306",
    "example.com:5432",
    "example.com:6379",
    "example.com:0443",
    "example.com:+443",
    "example.com:４４３",
    "example.com:99999",
    "example.com:443443",
    "example.com:-1",
    "example.com:443 ",
    "exa\tmple.com",
    "exa\nmple.com",
    "exa\rmple.com",
    "exam\x00ple.com",
    "exam\u200bple.com",
    "exam\u00adple.com",
    "exam ple.com",
    "127.0.0.1\r\nHost: evil",
]
ODD_URLS = [
    "",
    "https://",
    "https:///",
    "https:/example.com/",
    "https:example.com",
    "//example.com/",
    "example.com",
    "/hooks",
    "http://example.com/",
    "HTTP://example.com/",
    "http://127.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]:80/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ws://example.com/",
    "wss://example.com/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:///run/docker.sock",
    "jar:https://example.com!/",
    "https+unix://example.com/",
    "url:https://127.0.0.1/",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/#fragment",
    "https://example.com/a b",
    "https://example.com/\r\nX-Evil: 1",
    "https://example.com/é",
    "https://example.com/\\..\\",
    "https:\\\\example.com\\",
    "https://example.com/" + "a" * 2_000,
    "https://example.com?x=<y>",
    "https://#@127.0.0.1/",
    "https://?@127.0.0.1/",
    "https://;@127.0.0.1/",
]
BY_FORM = [
    *(f"https://{host}/" for host in ODD_HOSTS),
    *ODD_URLS,
    *(f"https://{address}/" for address in PRIVATE),
    *(f"https://{address}:8443/x?y=z" for address in PRIVATE),
    *(f"https://[{address}]/" for address in PRIVATE_6),
    *(f"https://[{address}]/" for address in CARRIED),
]
# Good in their form; their names lead where nothing is sent to.
BY_NAME = [*PRIVATE, *PRIVATE_6, *CARRIED]


def test_the_corpus_is_large():
    assert len(set(BY_FORM)) >= 200
    assert len(BY_NAME) >= 100


def test_nothing_is_sent_to_an_odd_address(settings_of):
    settings_of(EGRESS_ALLOW="")
    with connections_opened() as opened:
        for url in BY_FORM:
            with pytest.raises(Refused):
                egress.post(url, b"{}", {}, resolve=nobody)
    assert opened == []


def test_nothing_is_sent_where_a_name_leads_to_what_is_not_public(settings_of):
    settings_of(EGRESS_ALLOW="")
    with connections_opened() as opened:
        for address in BY_NAME:
            for found in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
                with pytest.raises(Refused):
                    egress.post(
                        "https://hooks.example.com/", b"{}", {}, resolve=lambda *_, found=found: found
                    )
    assert opened == []


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM:443/A?b=C", "https://hooks.example.com/A?b=C"),
        ("https://hooks.example.com:8443?x", "https://hooks.example.com:8443/?x"),
        ("https://xn--bcher-kva.example/%2e%2e", "https://xn--bcher-kva.example/%2e%2e"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_a_good_address_has_one_spelling(settings_of, url, spelled):
    settings_of(EGRESS_ALLOW="")
    assert egress.parse(url).url == spelled


# --- Pinned -----------------------------------------------------------------------------------------------------------


def test_a_name_is_looked_up_once_and_the_connection_goes_there(receiver, settings_of):
    port = receiver.place.partition(":")[2]
    settings_of(EGRESS_ALLOW=f"hooks.example.test:{port}")
    asked = []

    def first_here_then_there(host, number):
        asked.append((host, number))
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with connections_opened() as opened:
        url = f"http://hooks.example.test:{port}/x"
        assert egress.post(url, b"{}", {}, resolve=first_here_then_there) == 200
    assert asked == [("hooks.example.test", int(port))]
    assert opened == [("127.0.0.1", int(port))]
    assert receiver.received[0].headers["host"] == f"hooks.example.test:{port}"


def test_a_public_name_is_looked_up_in_full_and_nowhere_else(settings_of):
    """With a final dot, so that no domain of this machine's own is put behind it."""
    settings_of(EGRESS_ALLOW="")
    asked = []
    with pytest.raises(NoAnswer) as silence:
        egress.post(
            "https://hooks.example.com/", b"{}", {}, resolve=lambda host, port: asked.append(host) or []
        )
    assert asked == ["hooks.example.com."]
    assert silence.value.reason == "no_such_host"


def test_the_next_address_is_tried_where_one_does_not_answer(receiver, settings_of):
    port = receiver.place.partition(":")[2]
    settings_of(EGRESS_ALLOW=f"hooks.example.test:{port}")
    url = f"http://hooks.example.test:{port}/x"
    assert egress.post(url, b"{}", {}, resolve=lambda *_: ["::1", "127.0.0.1"]) == 200


@pytest.mark.parametrize("name", [NAME, "hooks.example.test"])
def test_the_certificate_must_be_that_of_the_name(receiver, settings_of, tmp_path, monkeypatch, name):
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    with TlsProxy(f"http://{receiver.place}", certificates.server_context()) as proxy:
        port = proxy.url.rpartition(":")[2]
        settings_of(EGRESS_ALLOW=f"{name}:{port}")
        url = f"https://{name}:{port}/x"
        if name == NAME:
            assert egress.post(url, b"{}", {}, resolve=lambda *_: ["127.0.0.1"]) == 200
            return
        with pytest.raises(NoAnswer) as silence:
            egress.post(url, b"{}", {}, resolve=lambda *_: ["127.0.0.1"])
    assert silence.value.reason == "not_trusted"
    assert not receiver.received


def test_no_proxy_of_the_environment_is_asked(receiver, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert egress.post(receiver.url, b"{}", {}) == 200


# --- Bounded ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("never", "too_slow"),
        ("by drops", "too_slow"),
        ("with a long head", "broken too_much"),
        ("nonsense", "broken"),
    ],
)
def test_who_answers_badly_is_left(receiver, settings_of, how, reason):
    settings_of(EGRESS_SECONDS=0.5)
    receiver.how = how
    with pytest.raises(NoAnswer) as silence:
        egress.post(receiver.url, b"{}", {})
    assert silence.value.reason in reason.split()
    assert len(receiver.received) == 1


def test_a_body_without_end_is_not_read_to_its_end(receiver):
    receiver.how = "hugely"
    assert egress.post(receiver.url, b"{}", {}) == 200


def test_a_redirect_is_an_answer_and_not_followed(receiver):
    receiver.how, receiver.elsewhere = "elsewhere", "http://169.254.169.254/latest/meta-data/"
    with connections_opened() as opened:
        assert egress.post(receiver.url, b"{}", {}) == 302
    assert len(opened) == 1


def test_nobody_there(settings_of):
    settings_of(EGRESS_ALLOW="127.0.0.1:1")
    with pytest.raises(NoAnswer) as silence:
        egress.post("http://127.0.0.1:1/", b"{}", {})
    assert silence.value.reason == "unreachable"
