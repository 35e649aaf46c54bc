"""Settings of the test run: the real ones, on a cluster and state directory of their own."""

import fcntl
import os
from pathlib import Path

os.environ["SPEAN_STATE"] = str(Path(__file__).resolve().parent.parent / "var" / "test")
for _name in (
    "DATABASE_URL",
    "KEYS_DATABASE_URL",
    "SPEAN_HOSTS",
    "SPEAN_KEK_FILE",
    "SPEAN_EARLIER_KEK_FILES",
    "SPEAN_COUNTRY",
    "SPEAN_WITNESSES",
    "SPEAN_WITNESS_FOR",
):
    os.environ.pop(_name, None)

from spean.run import databases, state  # noqa: E402

state.prepare()

from config.settings import *  # noqa: E402, F403

# The database is made by its owner; conftest then signs every connection in as the application.
DATABASES = databases.for_role("owner")


def _free_slot() -> int:
    """Runs side by side each get databases of their own; a killed run's are taken over."""
    for number in range(64):
        held = os.open(STATE / f"slot-{number}", os.O_CREAT | os.O_RDWR)  # noqa: F405
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            continue
        return number  # and the lock is held until this process ends
    raise RuntimeError("Too many test runs at once.")


_slot = _free_slot()
for _alias in DATABASES.values():
    _alias["TEST"] = {"NAME": f"test_{_alias['NAME']}_{_slot}"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The static-file middleware warns about a folder that is not there.
(STATE / "static").mkdir(exist_ok=True)  # noqa: F405
