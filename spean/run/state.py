"""The state directory: where one installation keeps its database, secrets and sockets.

`SPEAN_STATE` names it; otherwise `var/` of a checkout, or the user's data directory when
installed. Secrets are files of mode 0600 made by the set-up; no default exists in code.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Name of the file -> what a fresh one holds.
SECRETS: dict[str, Callable[[], bytes]] = {
    "secret_key": lambda: secrets.token_urlsafe(48).encode(),
    "kek": lambda: secrets.token_bytes(32),
    "log_key": lambda: secrets.token_bytes(32),
    "owner_password": lambda: secrets.token_urlsafe(24).encode(),
    "app_password": lambda: secrets.token_urlsafe(24).encode(),
}


class SetupFault(Exception):
    """Something the operator can mend; the message is one plain sentence for them."""


def directory() -> Path:
    """Where this installation's state lives (it need not exist yet)."""
    named = os.environ.get("SPEAN_STATE")
    if named:
        return Path(named).expanduser().resolve()
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / "var"
    data_home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data_home).expanduser().resolve() / "spean"


def secret_file(name: str) -> Path:
    return directory() / "secrets" / name


def find_secret(name: str) -> bytes:
    """The secret, or b"" before the set-up has run (Django refuses an empty key itself)."""
    try:
        return secret_file(name).read_bytes()
    except FileNotFoundError:
        return b""


def prepare() -> Path:
    """Make the state directory and its secrets, once; safe to call at every start."""
    state = directory()
    try:
        # Readable by nobody else, but traversable: as root the database runs as another user.
        state.mkdir(mode=0o711, parents=True, exist_ok=True)
        (state / "secrets").mkdir(mode=0o700, exist_ok=True)
        (state / "secrets").chmod(0o700)
        # The mark comes last: until it is there no data was ever sealed, so filling gaps is safe.
        # After it, a missing key is a loss to be reported and never to be papered over.
        mark = state / "secrets" / "complete"
        missing = [name for name in SECRETS if not secret_file(name).exists()]
        if missing and mark.exists():
            raise SetupFault(
                f"The secret file {secret_file(missing[0])} is missing; restore it from its "
                "backup, because data sealed with it cannot be read without it."
            )
        for name in missing:
            _write_once(secret_file(name), SECRETS[name]())
        _write_once(mark, b"")
    except PermissionError as fault:
        raise SetupFault(
            f"No permission to write in {state}; run as its owner or set SPEAN_STATE to a directory of your own."
        ) from fault
    return state


def _write_once(path: Path, content: bytes) -> None:
    """Create with mode 0600; when two set-ups race, the first one's content stands."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
