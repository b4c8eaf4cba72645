"""Django settings of the server; users change them by environment variables that begin with `RUNICORN_`."""

from __future__ import annotations

import logging.config
from datetime import timedelta

from people.options import has_users, sign_up_role
from runicorn._version import __version__
from runicorn.settings import user as own
from runicorn.store.state import STATES
from runicorn_site.cluster.settings import caches
from runicorn_site.database.durable_file import place
from runicorn_site.database.file import choose, known_migrations
from runicorn_site.database.settings import database, durable
from runicorn_site.database.state_dir import mark, secret_key, state_directory
from runicorn_site.folders import APP_NAMES, APPS, SITE
from runicorn_site.web.durable import DURABLE

STATE_DIR = state_directory()

SECRET_KEY = secret_key(STATE_DIR)
DEBUG = own.is_on("RUNICORN_DEBUG")
# The guard checks host names, also of WebSockets and static files, which Django's check does not cover.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin.apps.SimpleAdminConfig",  # `urls` imports the admin site: it is a quarter of the start
    "people",
    "runicorn_site",  # before staticfiles: our `runserver` is the one that runs
    "runicorn_site.cluster",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    *APP_NAMES,
]

# All synchronous: a request runs on one thread (`transport/dispatch.py`).
MIDDLEWARE = [
    "runicorn_site.transport.compression.Compression",
    "runicorn_site.transport.trailing_slash.TrailingSlash",
    "runicorn_site.pages.language.PageLanguage",
    "runicorn_site.security.rates.rate_limits.RateLimits",
    "runicorn_site.errors.ErrorPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "runicorn_site.security.methods.Methods",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "runicorn_site.security.local_admin.LocalAdmin",
    "django_htmx.middleware.HtmxMiddleware",
]

# Of requests of programs to /api, which need neither sessions nor forms (`transport/dispatch.py`).
API_MIDDLEWARE = [
    "runicorn_site.transport.compression.Compression",
    "runicorn_site.transport.trailing_slash.TrailingSlash",
    "runicorn_site.pages.language.PageLanguage",
    "runicorn_site.security.rates.rate_limits.RateLimits",
    "runicorn_site.errors.ErrorPages",
]

ROOT_URLCONF = "runicorn_site.urls"
APPEND_SLASH = False

UNCACHED_LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [APPS / "templates"],
        "APP_DIRS": not DEBUG,
        "OPTIONS": {
            # Django forgets cached templates with its own development server only.
            **({"loaders": UNCACHED_LOADERS} if DEBUG else {}),
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "runicorn_site.pages.context.site_notices",
            ],
            "libraries": {"ui": "runicorn_site.web.templatetags.ui"},
            "builtins": ["runicorn_site.web.templatetags.addresses"],
        },
    },
]

DATABASE_FILE = choose(STATE_DIR, known_migrations(APPS, APP_NAMES))
INDEX = database(own.get("RUNICORN_DATABASE_URL"), DATABASE_FILE)
DATABASES = {"default": INDEX, DURABLE: durable(INDEX, place(STATE_DIR))}
DATABASE_ROUTERS = ["runicorn_site.database.router.DurableRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sessions in the database would need the write lock for each request.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = f"runicorn_session_{mark(SECRET_KEY)}"
SESSION_COOKIE_SAMESITE = "Strict"
TOKEN_COOKIE_NAME = f"runicorn_token_{mark(SECRET_KEY)}"
CSRF_COOKIE_NAME = f"runicorn_csrf_{mark(SECRET_KEY)}"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "runicorn_site.errors.permission_denied"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "runs"
PASSWORD_RESET_TIMEOUT = 0  # passwords are reset by invitations
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("username",)}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
SIGN_UP_ROLE = sign_up_role()
if has_users():
    INSTALLED_APPS.append("axes")
    MIDDLEWARE[MIDDLEWARE.index("runicorn_site.security.local_admin.LocalAdmin")] = (
        "people.middleware.CurrentUser"
    )
    MIDDLEWARE += ["people.middleware.Rights", "axes.middleware.AxesMiddleware"]
    API_MIDDLEWARE.append("people.middleware.Rights")
    # In the database, so that the server can end them. Strict cookies are not sent by links in messages.
    SESSION_ENGINE = "django.contrib.sessions.backends.db"
    SESSION_COOKIE_SAMESITE = "Lax"
    AUTHENTICATION_BACKENDS = [
        "axes.backends.AxesStandaloneBackend",
        "django.contrib.auth.backends.ModelBackend",
    ]
    AXES_FAILURE_LIMIT = 5
    AXES_COOLOFF_TIME = timedelta(minutes=15)
    # An address alone would lock out everybody behind a proxy, a name alone would let anybody lock out its user.
    AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
    AXES_CLIENT_IP_CALLABLE = "people.pages.sign_in.client_address"
    AXES_LOCKOUT_CALLABLE = "people.pages.sign_in.locked_out"
    AXES_RESET_ON_SUCCESS = True
    AXES_VERBOSE = False
    # It stores the form of a wrong password, without these fields.
    AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "old_password", "new_password1", "new_password2"]
# Innermost: what it answers from memory has passed all limits and rights.
for chain in (MIDDLEWARE, API_MIDDLEWARE):
    chain.append("runicorn_site.conditional.middleware.Conditional")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

CACHES = caches(own.get("RUNICORN_CACHE_URL"), mark(SECRET_KEY))
RATELIMIT_USE_CACHE = "ratelimit"
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]  # its list of shared caches has only those of others

DATA_UPLOAD_MAX_MEMORY_SIZE = (
    8 * 1024 * 1024
)  # the same as bodies.MAX_BODY, which holds before the body is read

# Archives are written into the store, not into memory.
FILE_UPLOAD_HANDLERS = ["runicorn_site.transport.uploads.IntoTheStore"]

STATIC_URL = "/static/"
STATICFILES_DIRS = [APPS / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "runicorn_site.assets.storage.VersionedFiles"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "runicorn_language"
LOCALE_PATHS = [SITE / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

REST_FRAMEWORK = {
    # The guard authenticates requests before Django.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_PARSER_CLASSES": ["runicorn_site.api.parsers.ShallowJSON"],
    "DEFAULT_RENDERER_CLASSES": [
        "runicorn_site.api.renderers.ORJSONRenderer",
        "runicorn_site.api.renderers.BrowsablePages",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "runicorn_site.api.renderers.JSONForOthers",
    "DEFAULT_SCHEMA_CLASS": "runicorn_site.api.openapi_hooks.Operation",
    "EXCEPTION_HANDLER": "runicorn_site.errors.api_exception",
    # The format of a response is chosen by Accept alone, never by `?format=`.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Runicorn",
    "DESCRIPTION": "Runs, metrics and logs of machine learning experiments kept in a folder of yours.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "RunStateEnum": [(state, state) for state in STATES],
        # By name: importing the responses takes a fiftieth of the start to the first answer.
        "ShareKindEnum": "runicorn.api.responses.shares.Kind.__args__",
        "SeriesKindEnum": "runicorn.api.responses.metrics.SeriesKind.__args__",
        "DocumentKindEnum": "runicorn.store.project.documents.KINDS",
    },
    "PREPROCESSING_HOOKS": ["runicorn_site.api.openapi_document.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "runicorn_site.api.openapi_hooks.with_common_responses",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Without Django's own handlers, of which one imports the templates of its error pages at the start.
LOGGING_CONFIG = None
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "runicorn_site.security.log_format.WithoutLinks",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        # Access logs of other servers name addresses, and thus the secrets of links.
        "uvicorn.access": {"handlers": ["stderr"], "propagate": False},
        "granian.access": {"handlers": ["stderr"], "propagate": False},
        "django.request": {"level": "ERROR"},  # a 404 is the client's affair
        "daphne": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "apprise": {"level": "CRITICAL"},  # it would name addresses, which contain secrets
        "asyncssh": {"level": "ERROR"},  # it would name users, hosts and commands
    },
}
logging.config.dictConfig(LOGGING)
