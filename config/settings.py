"""Settings for every installation; nothing here knows a country or a rule.

Reading them makes nothing: the set-up (`spean.run.state.prepare`) makes the state directory,
the secrets and the embedded database. Production sets DATABASE_URL, KEYS_DATABASE_URL and
SPEAN_HOSTS; docs/operations.md lists every variable.
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from spean.country.pack import pack
from spean.run import databases, state

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = state.directory()

# -- Security -------------------------------------------------------------------------------

SECRET_KEY = state.find_secret("secret_key").decode()
DEBUG = False

# Plain HTTP is for this machine alone: once a public host is named, everything asks for TLS.
PUBLIC_HOSTS = [host.strip() for host in os.environ.get("SPEAN_HOSTS", "").split(",") if host.strip()]
ALLOWED_HOSTS = PUBLIC_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in PUBLIC_HOSTS]
SECURE_SSL_REDIRECT = bool(PUBLIC_HOSTS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PUBLIC_HOSTS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PUBLIC_HOSTS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = bool(PUBLIC_HOSTS)
SECURE_HSTS_PRELOAD = bool(PUBLIC_HOSTS)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(PUBLIC_HOSTS)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# With this beginning a browser takes a cookie only over TLS, from this very host and for all of it: no neighbour
# below the same domain can set one. Without a public host there is no TLS, and the names have to do without.
COOKIE_PREFIX = "__Host-" if PUBLIC_HOSTS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
# What a page says after a redirect waits in the session, not in a cookie of its own.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_ENGINE = "spean.access.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],  # said by default-src already; checklists and scanners look for the word
    }
}
# One upload or form larger than this is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# Files stay in memory until they are sealed, on the pages that take them; nothing else is kept at all.
FILE_UPLOAD_HANDLERS = ["spean.cases.uploads.InMemory"]
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# Keys outside the database: the key-encryption key, and the key that signs log checkpoints.
SPEAN_KEK_FILE = Path(os.environ.get("SPEAN_KEK_FILE") or state.secret_file("kek"))
# Still readable while `spean keys rotate` re-wraps the data keys. Separated like the paths of PATH.
SPEAN_EARLIER_KEK_FILES = [
    Path(path) for path in os.environ.get("SPEAN_EARLIER_KEK_FILES", "").split(os.pathsep) if path
]
SPEAN_LOG_KEY_FILE = Path(os.environ.get("SPEAN_LOG_KEY_FILE") or state.secret_file("log_key"))
SPEAN_SEARCH_SOCKET = Path(
    os.environ.get("SPEAN_SEARCH_SOCKET") or databases.short_path(STATE / "search", "search.sock")
)
# Weights for the check for the same person, where `spean link-train --keep` has kept some of this installation.
SPEAN_MATCHING_FILE = Path(os.environ.get("SPEAN_MATCHING_FILE") or STATE / "matching.json")
# Names this installation's log to its witnesses: unlike any other's, and kept for good.
SPEAN_LOG_NAME = os.environ.get("SPEAN_LOG_NAME", "spean/log")
# Whom we ask to cosign ("URL KEY", separated by commas), and whose logs we cosign (keys, separated by commas).
SPEAN_WITNESSES = [entry.strip() for entry in os.environ.get("SPEAN_WITNESSES", "").split(",") if entry.strip()]
SPEAN_WITNESS_FOR = [entry.strip() for entry in os.environ.get("SPEAN_WITNESS_FOR", "").split(",") if entry.strip()]
SPEAN_COUNTRY = os.environ.get("SPEAN_COUNTRY", "cambodia")

# -- Application ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pgtrigger",
    # Before the libraries whose templates they replace.
    "spean.country",
    "spean.instruments",
    "spean.access",
    "spean.privacy",
    "spean.privacy.keyvault",
    "spean.workflow",
    "spean.people",
    "spean.cases",
    "spean.detection",
    "spean.directory",
    "spean.referral",
    "spean.identification",
    "spean.protection",
    "spean.exchange",
    "spean.field",
    "spean.lists",
    "spean.oversight",
    "spean.statistics",
    "spean.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_forms_gds",
    "csp",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Outside everything that may answer by itself, so that a refused host or a style sheet carries these headers too.
    "spean.access.middleware.PrivateResponses",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages for phones on 2G. Django adds a random length to each answer, and forms carry a token that is masked
    # anew each time, so that compressed sizes tell an eavesdropper nothing (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "spean.access.middleware.SessionLimits",
    "spean.access.middleware.UserLanguage",
]
# The second wall, in the database itself (spean/privacy/rows.py). Put up by `spean migrate`.
SPEAN_ROW_SECURITY = os.environ.get("SPEAN_ROW_SECURITY") == "1"
if SPEAN_ROW_SECURITY:
    MIDDLEWARE.append("spean.privacy.rows.OwnRows")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["gds"]
CRISPY_TEMPLATE_PACK = "gds"
CRISPY_FAIL_SILENTLY = False
CRISPY_CLASS_CONVERTERS = dict.fromkeys(
    ("dateinput", "datetimeinput", "numberinput", "searchinput", "telinput", "timeinput"), "govuk-input"
)

# -- Database -------------------------------------------------------------------------------

DATABASES = databases.for_role("app")
# Whose rights migrations narrow: this role may add to the event log, never change it.
DB_APP_ROLE = DATABASES["default"]["USER"]
DATABASE_ROUTERS = ["spean.privacy.routers.KeyVaultRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Shared by all processes, so that sign-in limits hold across workers.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

# -- Sign-in --------------------------------------------------------------------------------

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# scrypt is memory-hard and part of Python; the second is what allauth's own checks may meet.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "spean.access.passwords.NotExpected"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Accounts are made by invitation; addresses are confirmed by the invitation itself.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "spean.access.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "spean.access.forms.SignInForm",
    "reauthenticate": "spean.access.forms.PasswordAgainForm",
    "change_password": "spean.access.forms.NewPasswordForm",
}
# The key is account and network together (see AccountAdapter), so that nobody is locked out from afar.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key"}
# Behind a proxy, the last address it adds is the one that counts; without one, headers are not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("SPEAN_PROXIES", "1" if PUBLIC_HOSTS else "0"))
MFA_FORMS = {
    "authenticate": "spean.access.forms.CodeForm",
    "reauthenticate": "spean.access.forms.CodeAgainForm",
    "activate_totp": "spean.access.forms.AuthenticatorAppForm",
    "add_webauthn": "spean.access.forms.PasskeyForm",
}
MFA_ADAPTER = "spean.access.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Spean"
MFA_PASSKEY_LOGIN_ENABLED = True
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("SPEAN_SMTP_HOST")
    else "django.core.mail.backends.dummy.EmailBackend"
)
EMAIL_HOST = os.environ.get("SPEAN_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("SPEAN_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("SPEAN_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("SPEAN_SMTP_PASSWORD", "")
EMAIL_USE_TLS = True
DEFAULT_FROM_EMAIL = os.environ.get("SPEAN_MAIL_FROM", "spean@localhost")

# -- Language and time ----------------------------------------------------------------------

USE_I18N = True
USE_TZ = True
TIME_ZONE = pack(SPEAN_COUNTRY).timezone
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("km", _("Khmer"))]
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "spean" / "web" / "locale"]

# -- Static files ---------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = STATE / "static"
# The files are for our own pages; by itself the library would let every site read them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# A drawing is XML: like every text, it says in which signs it is written.
WHITENOISE_MIMETYPES = {".svg": "image/svg+xml; charset=utf-8"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = STATE / "files"
FILE_UPLOAD_PERMISSIONS = 0o600

# -- Log ------------------------------------------------------------------------------------

# No query string, no form, no exception message: see spean.run.logs for why.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"quiet": {"()": "spean.run.logs.QuietFormatter"}},
    "handlers": {"standard": {"class": "logging.StreamHandler", "formatter": "quiet"}},
    "root": {"handlers": ["standard"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["standard"], "level": "WARNING", "propagate": False},
        # 404 is an answer of the policy, not a fault of the server.
        "django.request": {"handlers": ["standard"], "level": "ERROR", "propagate": False},
        "django.db.backends": {"handlers": [], "level": "ERROR", "propagate": False},
        "spean": {"handlers": ["standard"], "level": "INFO", "propagate": False},
    },
}
