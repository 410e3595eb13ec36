"""Django's settings, made from `config.env`. Nothing else reads the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels

from config import env as _env
from config.declared import ROOT

ENV = _env.read()
PRODUCTION = ENV.DEPLOYMENT == "production"
DEBUG = False
SECRET_KEY = ENV.SECRET_KEY.get_secret_value()
PUBLIC_URL = ENV.PUBLIC_URL
_public = urlsplit(PUBLIC_URL)
SECURE = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname or ""] + (
    [] if PRODUCTION else ["127.0.0.1", "localhost", "patchbay.localhost"]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "config.apps.PatchbayAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "config",
    "connections",
    "mapping",
    "syncjobs",
]

MIDDLEWARE = [
    "config.middleware.request_context",
    # What writes headers stands outside of what may refuse a request, so that refusals have them, too.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.PolicyForPages",
    "config.middleware.response_headers",
    "config.middleware.caller_address",
    "config.middleware.public_address",
    "config.middleware.readable_query",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.signins.session_end",
    "config.signins.session_activity",
    "connections.audit.refusals.watch",
    "config.errors.not_allowed",
    "allauth.account.middleware.AccountMiddleware",
    "connections.programs.requestlog.record",
    "connections.programs.idempotency.keep",
    "connections.programs.ratelimits.headers",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.signins.ways_in",
            ],
        },
    }
]


def _database(url: str, pool_size: int) -> dict[str, Any]:
    """One role's way to PostgreSQL. Without an address the first query says what to do."""
    config: dict[str, Any] = (
        dict(dj_database_url.parse(url)) if url else {"NAME": "patchbay", "HOST": "/nonexistent"}
    )
    config["ENGINE"] = "django.db.backends.postgresql"
    options = dict(config.get("OPTIONS") or {})
    options["application_name"] = "patchbay"
    # A process that stands still must not keep its locks for ever; no transaction of ours is idle for long.
    options["options"] = "-c idle_in_transaction_session_timeout=30s"
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10, "max_idle": 60}
    config["OPTIONS"] = options
    # ATOMIC_REQUESTS stays off: no transaction may be open while the provider is called.
    config["ATOMIC_REQUESTS"] = False
    config["DISABLE_SERVER_SIDE_CURSORS"] = False
    return config


DATABASES = {
    "default": _database(ENV.DATABASE_URL, ENV.DATABASE_POOL_SIZE),
    "operator": _database(ENV.DATABASE_OPERATOR_URL, min(4, ENV.DATABASE_POOL_SIZE)),
    "owner": _database(ENV.DATABASE_OWNER_URL, 0),
}
DATABASE_CONFIGURED = bool(ENV.DATABASE_URL)
# Holds what limits sign-in: every web process counts in the same place, and a lost broker opens no door.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "connections_counter",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "connections.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "connections.forms.SignupForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# A link that works on any device; without mail nobody could follow one.
ACCOUNT_EMAIL_VERIFICATION = "none" if ENV.EMAIL_OFF else "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# By the account (`key`, `user`) and by the caller (`ip`); connections.people.loginlimits says when it goes on.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip,300/h/ip",
    "login_failed": "10/h/key",
    "passkey": "60/600s/ip",
    "signup": "20/m/ip,60/h/ip",
    "reset_password": "20/m/ip,60/h/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "10/h/user",
    "manage_email": "20/h/user",
    "reauthenticate": "30/h/user",
    "confirm_email": "1/60s/key,10/d/key",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "connections.people.adapter.AccountAdapter"
# An address without an account gets a message that says so: silence would tell who has one.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_NOTIFICATIONS = True

MFA_ADAPTER = "connections.people.secondfactor.FactorAdapter"
MFA_FORMS = {
    "authenticate": "connections.people.secondfactor.SignInCodeForm",
    "reauthenticate": "connections.people.secondfactor.CodeAgainForm",
    "activate_totp": "connections.people.secondfactor.AppCodeForm",
    "add_webauthn": "connections.people.secondfactor.PasskeyForm",
    "edit_webauthn": "connections.people.secondfactor.PasskeyNameForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Patchbay"
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
# Nobody signs in with an address that is not confirmed, so who adds a factor owns the address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Browsers offer passkeys to plain http on this machine alone; the library itself would refuse even that.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
USERSESSIONS_TRACK_ACTIVITY = True
# Messages go out by `connections.mail` alone; whatever else might try to send one reaches nobody.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = ENV.EMAIL_FROM or f"Patchbay <patchbay@{_public.hostname}>"

_prefix = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
CSRF_COOKIE_NAME = f"{_prefix}csrf"
LINK_COOKIE_NAME = f"{_prefix}link"
LINK_TOKEN_COOKIE_NAME = f"{_prefix}linktoken"
PERSON_COOKIE_NAME = f"{_prefix}person"
CSRF_FAILURE_VIEW = "config.errors.csrf_failed"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
# With no-referrer a form would be sent with `Origin: null` and fail Django's CSRF check.
SECURE_REFERRER_POLICY = "strict-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The proxy in front ends TLS and turns http into https. Patchbay trusts no header that says so: every request
# counts as one to PUBLIC_URL (config.middleware.public_address).
SILENCED_SYSTEM_CHECKS = ["security.W008"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = Path(ENV.PATCHBAY_DATA) / "static" if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_HANDLERS = [
    "config.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
USE_THOUSAND_SEPARATOR = True
DATETIME_FORMAT = "Y-m-d H:i:s"
MESSAGE_TAGS = {
    message_levels.INFO: "notice",
    message_levels.SUCCESS: "working",
    message_levels.WARNING: "late",
    message_levels.ERROR: "stopped",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENV.LOG_LEVEL},
    "loggers": {
        # These log addresses with query strings, or each request twice.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django": {"level": "INFO"},
        # A bell every few seconds is no news.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
