"""Faults that are a matter of settings: what the doctor alone is told, and what it then meets."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.config.deployment import Deployment, new_key
from tests.config.front import Front
from tests.live import TlsProxy
from tests.mailserver import MailServer


@dataclass(frozen=True)
class Plant:
    """A fault of the settings: what changes, and which check must find it, in which words."""

    check: str
    words: str
    changes: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


class Surroundings:
    """Everything wrong that stands ready beside the deployment."""

    def __init__(self, deployment: Deployment, stack: ExitStack) -> None:
        self.deployment, self._enter = deployment, stack.enter_context
        ours, port = deployment.authority, deployment.web_port
        self.good = ours.context("localhost")
        self.fronts = {
            "expired": Front(port, ours.context("localhost", -1)),
            "ending": Front(port, ours.context("localhost", 5.5)),
            "another name": Front(port, ours.context("other.localhost")),
            "a stranger's": Front(port, deployment.stranger.context("localhost")),
            "another site": Front(port, self.good, says=b"<h1>Welcome</h1>"),
            "another Patchbay": Front(port, self.good, says=b'{"status": "ok"}', kind="application/json"),
            "no addresses": Front(port, self.good, hops=0),
            "every header": Front(port, self.good, underscores=True),
            "a name of its own": Front(port, self.good, host="upstream.internal"),
            "every name": Front(port, self.good, host="localhost"),
            "no strict transport": Front(port, self.good, hsts=False),
            "plain": Front(port),
            "redirecting": Front(port, redirects_to=deployment.address(deployment.front)),
        }
        for front in self.fronts.values():
            self._enter(front)

    def at(self, name: str) -> dict[str, str]:
        """The settings of a deployment behind this front."""
        return {"PUBLIC_URL": self.deployment.address(self.fronts[name])}

    def mail(self, answers: dict[str, str], scheme: str = "smtp", options: str = "") -> dict[str, str]:
        """The settings of a deployment with a mail server that answers so."""
        server = self._enter(MailServer())
        server.answers = answers
        return {"EMAIL_URL": f"{scheme}://patchbay:secret@127.0.0.1:{server.port}{options}"}

    def mail_of_a_stranger(self) -> dict[str, str]:
        """The settings of a deployment whose mail server nobody knows."""
        server = self._enter(MailServer())
        context = self.deployment.stranger.context("localhost")
        proxy = self._enter(TlsProxy(f"http://127.0.0.1:{server.port}", context))
        return {"EMAIL_URL": f"smtps://patchbay:secret@localhost:{proxy.url.rpartition(':')[2]}"}

    def role(self, setting: str, name: str, attributes: str) -> dict[str, str]:
        """The settings of a deployment that names another role."""
        return {setting: self._enter(self.deployment.another_role(name, attributes))}

    def empty_database(self, options: str) -> dict[str, str]:
        """The settings of a deployment with another database."""
        name = self._enter(self.deployment.another_database(options))
        roles = {"DATABASE_URL": "app", "DATABASE_OPERATOR_URL": "operator", "DATABASE_OWNER_URL": "owner"}
        return {setting: self.deployment.url(role, name) for setting, role in roles.items()}


def plants(around: Surroundings) -> dict[str, Plant]:
    """Every fault of the settings."""
    there = around.deployment
    given = there.environment
    empty = there.folder / "empty"
    empty.mkdir()
    operator = given["DATABASE_OPERATOR_URL"]
    closed = "127.0.0.1:1"
    return {
        "certificate expired": Plant("certificate", "has expired", around.at("expired")),
        "certificate ends soon": Plant("certificate", "in 5 days", around.at("ending")),
        "certificate of another name": Plant("certificate", "another name", around.at("another name")),
        "certificate of a stranger": Plant("certificate", "not signed by anybody", around.at("a stranger's")),
        "nothing at the address": Plant(
            "certificate", "nothing listens", {"PUBLIC_URL": "https://localhost:1"}
        ),
        "a name that nobody knows": Plant(
            "certificate", "not known to the name servers", {"PUBLIC_URL": "https://nowhere.invalid"}
        ),
        "no TLS at the address": Plant("certificate", "speak TLS", around.at("plain")),
        "another site at the address": Plant("public address", "not as Patchbay", around.at("another site")),
        "another Patchbay there": Plant(
            "public address", "another SECRET_KEY", around.at("another Patchbay")
        ),
        "another SECRET_KEY": Plant("public address", "another SECRET_KEY", {"SECRET_KEY": "0123456789" * 6}),
        "too many proxies trusted": Plant("proxies", "TRUSTED_PROXIES is 3", {"TRUSTED_PROXIES": "3"}),
        "no proxy trusted": Plant("proxies", "TRUSTED_PROXIES is 0", {"TRUSTED_PROXIES": "0"}),
        "proxy adds no address": Plant("proxies", "with 0 addresses", around.at("no addresses")),
        "proxy hands on any name of a header": Plant(
            "header names", "X_Forwarded_For", around.at("every header")
        ),
        "proxy changes the host": Plant("host name", "another Host", around.at("a name of its own")),
        "proxy serves every name": Plant("other names", "doctor.invalid", around.at("every name")),
        "strict transport taken away": Plant(
            "strict transport", "does not arrive", around.at("no strict transport")
        ),
        "pages by plain http": Plant(
            "plain http", "answers 200", arguments=("--http-port", str(around.fronts["plain"].port))
        ),
        "wrong database password": Plant(
            "database", "application role", {"DATABASE_URL": given["DATABASE_URL"].replace("a-password", "b")}
        ),
        "no such database": Plant(
            "database", "owner's role", {"DATABASE_OWNER_URL": there.url("owner", "nothing")}
        ),
        "application a superuser": Plant(
            "database roles", "is a superuser", around.role("DATABASE_URL", "super", "SUPERUSER")
        ),
        "application passes by the wall": Plant(
            "database roles", "passes by", around.role("DATABASE_URL", "passing", "NOSUPERUSER BYPASSRLS")
        ),
        "operators held by the wall": Plant(
            "database roles",
            "see nothing",
            around.role("DATABASE_OPERATOR_URL", "held", "NOSUPERUSER NOBYPASSRLS"),
        ),
        "one role for two": Plant("database roles", "three different", {"DATABASE_URL": operator}),
        "new role without grants": Plant(
            "tables", "may not read", around.role("DATABASE_URL", "fresh", "NOSUPERUSER NOBYPASSRLS")
        ),
        "encoding": Plant(
            "database server",
            "SQL_ASCII",
            around.empty_database("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"),
        ),
        "too few connections": Plant("database server", "may open 418", {"DATABASE_POOL_SIZE": "200"}),
        "many web processes": Plant(
            "database server", "40 web processes", arguments=("--web-processes", "40")
        ),
        "no broker": Plant("broker", "does not answer", {"BROKER_URL": f"redis://{closed}/0"}),
        "wrong broker password": Plant(
            "broker", "refuses the password", {"BROKER_URL": f"redis://:no@127.0.0.1:{there.broker.port}/0"}
        ),
        "no mail server": Plant("mail", "nothing listens", {"EMAIL_URL": f"smtp://{closed}"}),
        "wrong mail password": Plant("mail", "refuses user or password", around.mail({"AUTH": "535 no"})),
        "sender refused": Plant("mail", "as a sender", around.mail({"MAIL": "553 not you"})),
        "no STARTTLS": Plant("mail", "no STARTTLS", around.mail({}, options="?tls=starttls")),
        "mail server of a stranger": Plant("mail", "is not trusted", around.mail_of_a_stranger()),
        "no room for an import": Plant("temporary folder", "one import", {"IMPORT_MAX_BYTES": str(10**15)}),
        "no temporary folder": Plant("temporary folder", "TMPDIR", {"TMPDIR": str(there.folder / "none")}),
        "no data folder": Plant(
            "data folder", "does not exist", {"PATCHBAY_DATA": str(there.folder / "none")}
        ),
        "nothing collected": Plant("static files", "No static files", {"PATCHBAY_DATA": str(empty)}),
        "key gone from the ring": Plant("key ring", "sealed by k1", {"SECRETS_KEYS": new_key("k2")}),
        "key changed under its id": Plant("key ring", "does not open", {"SECRETS_KEYS": new_key("k1")}),
        "ring that cannot be read": Plant("key ring", "SECRETS_KEYS", {"SECRETS_KEYS": "k1:short"}),
        "secret changed, not stored": Plant(
            "applications", "client_secret", {"CONSTANT_CONTACT_CLIENT_SECRET": "another"}
        ),
        "limit changed, not stored": Plant("applications", "limits", {"CALLS_PER_DAY": "77"}),
        "no client id": Plant("applications", "CLIENT_ID is not set", {"CONSTANT_CONTACT_CLIENT_ID": ""}),
        "provider not trusted": Plant(
            "provider's servers",
            "not signed by anybody",
            {"CONSTANT_CONTACT_CA_FILE": str(there.stranger.ca_file)},
        ),
        "live and test share a host": Plant(
            "deployment checks", "name one host", {"SIMULATOR_URL": given["CONSTANT_CONTACT_API_URL"]}
        ),
        "no simulator": Plant("simulator", "nothing listens", {"SIMULATOR_URL": f"http://{closed}"}),
    }


NAMES = (
    "certificate expired",
    "certificate ends soon",
    "certificate of another name",
    "certificate of a stranger",
    "nothing at the address",
    "a name that nobody knows",
    "no TLS at the address",
    "another site at the address",
    "another Patchbay there",
    "another SECRET_KEY",
    "too many proxies trusted",
    "no proxy trusted",
    "proxy adds no address",
    "proxy hands on any name of a header",
    "proxy changes the host",
    "proxy serves every name",
    "strict transport taken away",
    "pages by plain http",
    "wrong database password",
    "no such database",
    "application a superuser",
    "application passes by the wall",
    "operators held by the wall",
    "one role for two",
    "new role without grants",
    "encoding",
    "too few connections",
    "many web processes",
    "no broker",
    "wrong broker password",
    "no mail server",
    "wrong mail password",
    "sender refused",
    "no STARTTLS",
    "mail server of a stranger",
    "no room for an import",
    "no temporary folder",
    "no data folder",
    "nothing collected",
    "key gone from the ring",
    "key changed under its id",
    "ring that cannot be read",
    "secret changed, not stored",
    "limit changed, not stored",
    "no client id",
    "provider not trusted",
    "live and test share a host",
    "no simulator",
)
