"""Which databases Django connects to, and as whom.

Two aliases: "default" and "keys" (the key vault). Production names them in DATABASE_URL and
KEYS_DATABASE_URL, and the owner's in DATABASE_OWNER_URL and KEYS_DATABASE_OWNER_URL;
otherwise both lie in the embedded cluster.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from spean.run import embedded, state

Role = Literal["app", "owner"]
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
ALIASES = {"default": ("DATABASE", "spean"), "keys": ("KEYS_DATABASE", "spean_keys")}


def external() -> bool:
    """Whether the databases are somebody else's to run."""
    return bool(os.environ.get("DATABASE_URL"))


def for_role(role: Role) -> dict[str, dict[str, Any]]:
    """Django's DATABASES for the application, or for the owner that migrates."""
    return {alias: _settings(alias, role) for alias in ALIASES}


def require_owner() -> None:
    """Refuse to migrate as the application: it would own its tables, and no right could be kept from it."""
    for prefix, _ in ALIASES.values() if external() else ():
        if not os.environ.get(f"{prefix}_OWNER_URL"):
            raise state.SetupFault(
                f"{prefix}_URL is the application's; set {prefix}_OWNER_URL to the role that owns the tables."
            )


def sign_in(role: Role) -> None:
    """Reconnect this process as the owner, who migrates, or as the application."""
    from django.db import connections

    wanted = for_role(role)
    for connection in connections.all():
        connection.close()
        for settings in (connection.settings_dict, connections.settings[connection.alias]):
            for key in ("HOST", "PORT", "USER", "PASSWORD"):
                settings[key] = wanted[connection.alias].get(key, "")


def see_all_rows() -> None:
    """For processes that serve no requests: where row security stands, they see the rows of every case.

    What serves requests must not call this. There each statement says whose rows it may see.
    """
    from django.db import connections

    option = "-c spean.scope=all"
    connections["default"].close()
    for settings in (connections["default"].settings_dict, connections.settings["default"]):
        options = settings.setdefault("OPTIONS", {})
        if option not in options.get("options", ""):
            settings["OPTIONS"] = {**options, "options": f"{options.get('options', '')} {option}".strip()}


@contextmanager
def as_owner() -> Iterator[None]:
    sign_in("owner")
    try:
        yield
    finally:
        sign_in("app")


def _settings(alias: str, role: Role) -> dict[str, Any]:
    prefix, name = ALIASES[alias]
    if external():
        url = os.environ.get(f"{prefix}_OWNER_URL") if role == "owner" else None
        url = url or os.environ.get(f"{prefix}_URL")
        if not url:
            raise state.SetupFault(f"DATABASE_URL is set, so {prefix}_URL has to be set as well.")
        place = _from_url(url)
    else:
        place = {
            "NAME": name,
            "HOST": embedded.socket_host(),
            "USER": embedded.OWNER if role == "owner" else embedded.APP,
            "PASSWORD": state.find_secret(f"{role}_password").decode(),
            "OPTIONS": {},
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Actions open their own transaction; a page that only reads needs none.
        "ATOMIC_REQUESTS": False,
        **place,
    }


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise state.SetupFault("A database URL begins with postgresql://.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or parts.hostname or ""
    if host and not host.startswith("/") and host not in OWN_MACHINE:
        # libpq would fall back to an open line by itself, and believe whoever answers.
        options.setdefault("sslmode", "verify-full")
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
    }


def short_path(directory: Path, name: str) -> Path:
    """A path for a socket: in the directory, or in the temporary one when that is too long."""
    own = directory / name
    if len(os.fsencode(own)) <= 100:
        return own
    digest = hashlib.sha256(os.fsencode(own)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"spean-{digest}-{name}"
