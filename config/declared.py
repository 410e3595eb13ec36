"""The settings by name, type, default and limits; `config.env` reads and checks them."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent
# What development runs with until it is given its own; refused in production.
UNSAFE_KEY: Final = "development-only-" + "0" * 40
UNSAFE_KEY_RING: Final = "development:" + "ZGV2ZWxvcG1lbnQtb25seS1rZXktb2YtcGF0Y2hiYXk="


class Declared(BaseSettings):
    """Each setting with its description for README's table (a test holds the table to this list)."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=True, env_ignore_empty=True)

    DEPLOYMENT: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start without real secrets and https."
    )
    PUBLIC_URL: str = Field(
        "http://127.0.0.1:8000",
        description="Where people reach Patchbay; gives redirect URIs, links, allowed host, secure cookies.",
    )
    SECRET_KEY: SecretStr = Field(
        SecretStr(UNSAFE_KEY), description="Signs sessions and forms; 50 characters or more."
    )
    SECRETS_KEYS: SecretStr = Field(
        SecretStr(UNSAFE_KEY_RING),
        description="Key ring that seals tokens: `id:base64 of 32 bytes`, comma-separated, the newest first.",
    )
    PATCHBAY_DATA: str = Field(str(ROOT / ".patchbay"), description="Folder of the services that `up` runs.")
    DATABASE_URL: str = Field(
        "", description="PostgreSQL as the application's role (row-level security applies)."
    )
    DATABASE_OWNER_URL: str = Field(
        "", description="PostgreSQL as the role that owns the schema and migrates."
    )
    DATABASE_OPERATOR_URL: str = Field(
        "", description="PostgreSQL as the operators' role (admin site, sweeps)."
    )
    DATABASE_POOL_SIZE: int = Field(16, ge=1, le=500, description="Connections a process keeps at most.")
    BROKER_URL: str = Field(
        "redis://127.0.0.1:6379/0", description="Valkey or Redis, the doorbell of the workers."
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )
    TRUSTED_PROXIES: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies in front that each add the caller's address to X-Forwarded-For; 0 believes no header.",
    )

    EMAIL_URL: SecretStr = Field(
        SecretStr(""),
        description="Mail server: `smtps://user:password@host:465`, `smtp://user:password@host:587?tls=starttls`, or "
        "`smtp://host:25` without encryption and password; `timeout=` takes seconds.",
    )
    EMAIL_FROM: str = Field(
        "", description="Sender of every message, such as `Patchbay <patchbay@example.com>`."
    )
    EMAIL_OFF: bool = Field(
        False, description="`1`: no mail at all; what needs it is hidden, and pages say so."
    )

    CONSTANT_CONTACT_CLIENT_ID: str = Field(
        "", description="Client id of your Constant Contact application (live)."
    )
    CONSTANT_CONTACT_CLIENT_SECRET: SecretStr = Field(SecretStr(""), description="Its client secret.")
    CONSTANT_CONTACT_FLOW: Literal["code", "pkce"] = Field(
        "code", description="The application's flow; `pkce` only if it was registered so."
    )
    CONSTANT_CONTACT_REFRESH_TOKENS: Literal["rotating", "long_lived"] = Field(
        "rotating", description="The kind of refresh token that the application was registered for."
    )
    CONSTANT_CONTACT_AUTHORIZE_URL: str = Field(
        "https://authz.constantcontact.com/oauth2/default/v1/authorize",
        description="Consent page of the provider.",
    )
    CONSTANT_CONTACT_TOKEN_URL: str = Field(
        "https://authz.constantcontact.com/oauth2/default/v1/token",
        description="Token endpoint of the provider.",
    )
    CONSTANT_CONTACT_REVOKE_URL: str = Field(
        "https://authz.constantcontact.com/oauth2/default/v1/revoke", description="Revocation endpoint."
    )
    CONSTANT_CONTACT_API_URL: str = Field(
        "https://api.cc.email", description="Host of the provider's V3 API."
    )
    CONSTANT_CONTACT_CA_FILE: str = Field(
        "",
        description="File of certificates that may sign the provider's, instead of the public ones; for test servers.",
    )
    SIMULATOR_URL: str = Field("", description="The simulator that serves the test environment.")

    CALLS_PER_SECOND: int = Field(
        4, ge=1, le=1000, description="Provider calls a second for one application."
    )
    CALLS_PER_DAY: int = Field(10_000, ge=1, description="Provider calls a UTC day for one application.")
    TOKEN_CALLS_PER_SECOND: int = Field(1, ge=1, le=1000, description="Calls a second to the token endpoint.")
    PROVIDER_TIMEOUT_SECONDS: float = Field(
        15.0, gt=0, le=120, description="Longest wait for one provider answer."
    )
    QUOTA_WAIT_SECONDS: float = Field(
        4.0, ge=0, le=60, description="How long a job step waits for its turn at most."
    )
    INTERACTIVE_WAIT_SECONDS: float = Field(2.0, ge=0, le=30, description="The same where a person waits.")
    LINK_WAIT_SECONDS: float = Field(
        10.0, ge=0, le=30, description="The same for each call that links an account."
    )
    ACCOUNT_CALLS_PER_DAY: int = Field(
        10_000, ge=1, description="Provider calls a UTC day for one linked account, unsubscribes not counted."
    )
    API_TOKEN_CALLS_PER_WINDOW: int = Field(
        500, ge=1, description="Calls in ten seconds that one API token may make to Patchbay."
    )
    ACCOUNT_CALLS_PER_WINDOW: int = Field(
        50, ge=1, description="Calls in ten seconds, of all tokens, about one linked account."
    )
    IDEMPOTENCY_HOURS: int = Field(
        24,
        ge=1,
        le=168,
        description="Hours that the answer to a call with an Idempotency-Key is kept for its repetition.",
    )
    REQUEST_LOG_DAYS: int = Field(
        31,
        ge=1,
        le=365,
        description="Days that calls stay in the logs: a program's, and those to Constant Contact.",
    )
    PROXY_MAX_BYTES: int = Field(
        8_388_608, ge=1, description="Longest body that a program may send through to Constant Contact."
    )
    TOKEN_REFRESH_AHEAD_SECONDS: int = Field(
        600, ge=0, description="How long before its end a token is renewed by whoever needs it."
    )
    TOKEN_KEEP_ALIVE_DAYS: int = Field(
        150,
        ge=1,
        le=170,
        description="Longest time an idle account's grant is left alone; it dies after 180 days of disuse.",
    )
    TOKEN_SWEEP_SECONDS: float = Field(
        5.0, ge=0.2, le=15, description="How often the sweep looks for grants to renew."
    )

    INVITATION_DAYS: int = Field(7, ge=1, le=30, description="How long an invitation to a workspace holds.")
    AUDIT_DETAIL_DAYS: int = Field(
        730,
        ge=1,
        description="Days the audit keeps who and what in words; the chain of digests stays for ever.",
    )
    LINK_STATE_SECONDS: int = Field(
        600, ge=60, le=3600, description="How long a started connection may take."
    )
    LINK_TOKEN_SECONDS: int = Field(
        600,
        ge=60,
        le=604_800,
        description="How long a link token is valid whose maker does not say; seven days at most.",
    )
    JOB_LEASE_SECONDS: int = Field(
        40, ge=2, le=600, description="After this a silent worker's job is taken over."
    )
    JOB_SWEEP_SECONDS: float = Field(
        3.0, ge=0.2, le=60, description="How often the sweep looks for due jobs."
    )
    JOB_STEP_ATTEMPTS: int = Field(8, ge=1, le=100, description="Tries of one step before a job gives up.")
    IMPORT_MAX_BYTES: int = Field(50_000_000, ge=1, description="Largest file that an import takes.")
    IMPORT_MAX_COLUMNS: int = Field(250, ge=1, le=1000, description="Most columns that a file may have.")
    IMPORT_STEP_ROWS: int = Field(
        5_000, ge=1, le=50_000, description="Rows that one step of an import handles."
    )
    IMPORT_BATCH_BYTES: int = Field(
        4_184_304,
        ge=2_000,
        description="Largest request body of one bulk import; no more than 3,990,000 is used until `manage.py probe` "
        "is told that Constant Contact cuts at the larger of two possible limits (`import_cap_bytes`).",
    )
    IMPORT_BATCH_ROWS: int = Field(39_999, ge=1, description="Most contacts of one bulk import.")
    BULK_ROWS: int = Field(
        100_000, ge=1, le=1_000_000, description="Most rows of one bulk write over the API."
    )
    BULK_MAX_BYTES: int = Field(
        64_000_000,
        ge=1_000,
        description="Largest body of one bulk write over the API; held in memory while it is read.",
    )
    IMPORT_EMAIL_LENGTH: int = Field(80, ge=10, le=254, description="Longest e-mail address that is sent.")
    ACTIVITY_SECONDS: float = Field(
        2.0,
        ge=0.1,
        le=60,
        description="How soon a bulk job at Constant Contact is looked at first; later ever less often.",
    )
    COMPARE_MINUTES: int = Field(
        30, ge=1, le=1440, description="After this an import looks at the account again before it sends."
    )
    UPLOAD_DAYS: int = Field(7, ge=1, le=365, description="Days an uploaded file is kept after its import.")
    RECONCILE_SECONDS: float = Field(
        60.0,
        ge=0.1,
        le=600,
        description="Between two looks for a call whose answer was lost, before it may be sent again.",
    )
    EGRESS_ALLOW: str = Field(
        "",
        description="Test servers that webhooks may be sent to besides public https addresses: `host:port`, "
        "comma-separated, http included; never on a real deployment.",
    )
    EGRESS_SECONDS: float = Field(
        15.0, gt=0, le=30, description="Longest time that one webhook delivery may take as a whole."
    )
    WEBHOOK_SLOW_SECONDS: float = Field(
        5.0,
        gt=0,
        le=30,
        description="A webhook whose exchange took so long rests nine times as long before the next.",
    )
    WEBHOOK_OFF_DAYS: int = Field(
        5,
        ge=1,
        le=365,
        description="A webhook that took nothing for so many days is switched off, and people are told by mail.",
    )
    WEBHOOK_PAUSES: str = Field(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        description="Seconds between the tries of one webhook delivery, comma-separated; a little chance is added.",
    )
    DIRECTORY_MINUTES: int = Field(
        60, ge=1, description="An account's own addresses that are older than so many minutes are read anew."
    )
    WEBHOOKS_MOST: int = Field(20, ge=1, description="Webhooks that one environment may have.")
    FAILPOINT: str = Field(
        "",
        pattern=r"^([a-z_.]+:\d+)?$",
        description="`name:hit`: the process kills itself there; for fault tests, refused in production.",
    )
