"""Settings of the server. What a user may change is an environment variable that begins with `RUNICORN_`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from runicorn_site.database_settings import database, database_directory
from runicorn_site.places import mark, secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = database_directory()

SECRET_KEY = secret_key(STATE_DIR)
DEBUG = os.environ.get("RUNICORN_DEBUG", "").lower() in {"1", "true", "yes", "on"}
# Names are checked by the guard, which also covers sockets and static files; Django's own check covers neither.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "runicorn_site",  # before staticfiles: our `runserver` is the one that runs
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "runs",
    "metrics",
    "artifacts",
    "remote",
]

# All of it sync: the whole request runs in one hop on one thread (see asgi.py).
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "runicorn_site.urls"
ASGI_APPLICATION = "runicorn_site.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(STATE_DIR)}
DATABASES["default"]["TEST"] = {
    "NAME": str(Path(tempfile.gettempdir()) / f"runicorn-test-{os.getpid()}.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sessions in rows would take the write lock with each request.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = f"runicorn_session_{mark(SECRET_KEY, 'cookie')}"
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = f"runicorn_csrf_{mark(SECRET_KEY, 'cookie')}"
CSRF_COOKIE_SAMESITE = "Strict"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Runicorn",
    "DESCRIPTION": "Runs, metrics and logs of machine learning experiments kept in a folder of yours.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
