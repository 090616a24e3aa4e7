"""Where the embedded stack keeps its things, which ports it takes, and its secrets."""

import base64
import contextlib
import functools
import os
import re
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from clickhouse_server.configuration import Configuration
from embedded.errors import StackError
from embedded.ferretdb import DATABASE as MARKETPLACE_DATABASE
from embedded.ferretdb import MarketplaceServer
from embedded.kafka import KafkaServer
from embedded.postgres import SHOP_SETTINGS, PostgresServer, libpq_environment, shared_settings
from migrations import roles

ROOT = Path(__file__).parent.parent
CLICKHOUSE_USER = "tshop"
# The configuration of the embedded endpoint for the shop.
CLICKHOUSE_CONFIGURATION = ROOT / "clickhouse" / "endpoint.toml"
WAREHOUSE_DATABASE = "tshop"
# As whom one works on the warehouse, by the name commands have for it: the role in the embedded one.
WAREHOUSE_ROLES = {
    "owner": roles.OWNER,
    **{role.name.removeprefix(f"{roles.OWNER}_"): role.name for role in roles.roles()},
}
# The same: the variable that names a warehouse which is not the embedded one.
WAREHOUSE_VARIABLES = {
    role: "WAREHOUSE_DSN" if role == "owner" else f"WAREHOUSE_{role.upper()}_DSN" for role in WAREHOUSE_ROLES
}
SHOP_DATABASE = "shop"
# As whom one works on the shop's own database, the role by the name that its secret has.
SHOP_ROLES = {
    "shop_owner": SHOP_DATABASE,
    **{role.name: role.name for role in roles.roles(ROOT / "sources" / "shop" / "roles.toml")},
}
# Most of the machine's memory is the warehouse's.
SHOP_MEMORY = {"shared_buffers": "128MB", "effective_cache_size": "512MB", "maintenance_work_mem": "64MB"}
AIRFLOW_DATABASE = "airflow"
SUPERSET_DATABASE = "superset"
# How many connections their roles may have: what the processes of one machine keep in their pools.
AIRFLOW_CONNECTIONS = 50
SUPERSET_CONNECTIONS = 16
# Of the dashboards; the first is the one they are written in.
LANGUAGES = ("en", *sorted(file.stem for file in (ROOT / "superset" / "translations").glob("*.yaml")))
# Part of the stack: the variable that names its port, and the port it has by default.
PORTS = {
    "postgres": ("TSHOP_POSTGRES_PORT", 15432),
    "clickhouse": ("TSHOP_CLICKHOUSE_PORT", 18123),
    "airflow": ("TSHOP_AIRFLOW_PORT", 18080),
    "superset": ("TSHOP_SUPERSET_PORT", 18088),
    "shop": ("TSHOP_SHOP_PORT", 15433),
    "kafka": ("TSHOP_KAFKA_PORT", 19092),
    "kafka_controller": ("TSHOP_KAFKA_CONTROLLER_PORT", 19093),
    "marketplace": ("TSHOP_MARKETPLACE_PORT", 27018),
    "spark": ("TSHOP_SPARK_PORT", 17077),
    "spark_ui": ("TSHOP_SPARK_UI_PORT", 18081),
    "spark_worker_ui": ("TSHOP_SPARK_WORKER_UI_PORT", 18082),
    "notebooks": ("TSHOP_NOTEBOOKS_PORT", 8898),
}
# Where a Spark job runs that needs no cluster: in its own process, on two cores.
LOCAL_SPARK = "local[2]"
# The masters that spark-submit takes.
SPARK_MASTER = re.compile(r"local(\[(\d+|\*)\])?|yarn|(spark|k8s)://\S+")


@functools.cache
def endpoint_configuration() -> Configuration:
    """Return the configuration of the embedded ClickHouse endpoint for the shop."""
    return Configuration.read(CLICKHOUSE_CONFIGURATION)


def _default_ports() -> dict[str, int]:
    return {part: port for part, (_variable, port) in PORTS.items()}


@dataclass(frozen=True)
class ClickHouseAddress:
    """What CLICKHOUSE_URL says, decoded."""

    secure: bool
    host: str
    port: int
    user: str
    password: str
    database: str

    @classmethod
    def parse(cls, url: str) -> "ClickHouseAddress":
        """Read ``http://user:password@host:port/database``.

        Raises:
            StackError: it does not have this form.
        """
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and parts.path.strip("/"):
                secure = parts.scheme == "https"
                return cls(
                    secure,
                    parts.hostname,
                    parts.port or (8443 if secure else 8123),
                    unquote(parts.username or "default"),
                    unquote(parts.password or ""),
                    unquote(parts.path.strip("/")),
                )
        raise StackError("CLICKHOUSE_URL does not have the form http://user:password@host:port/database: correct it.")


@dataclass(frozen=True)
class MongoAddress:
    """What MONGO_URL says, decoded.

    Attributes:
        hosts: one, or several apart by commas, each with a port or without.
        options: those of the URL, by name.
    """

    is_srv: bool
    hosts: str
    user: str
    password: str
    database: str
    options: dict[str, str]

    @classmethod
    def parse(cls, url: str) -> "MongoAddress":
        """Read ``mongodb://user:password@host:port/database?options``, or ``mongodb+srv://``.

        Raises:
            StackError: it does not have this form.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("mongodb", "mongodb+srv") or not parts.netloc.rpartition("@")[2]:
            raise StackError("MONGO_URL does not have the form mongodb://user:password@host:port/database: correct it.")
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        return cls(
            parts.scheme == "mongodb+srv",
            hosts,
            unquote(user),
            unquote(password),
            unquote(parts.path.strip("/")) or MARKETPLACE_DATABASE,
            dict(parse_qsl(parts.query)),
        )


@dataclass(frozen=True)
class Settings:
    """One embedded stack.

    Attributes:
        home: folder of its data, logs and secrets.
        ports: TCP port on 127.0.0.1 of each part of PORTS; a test may do without some.
        external_warehouse: libpq URI of a warehouse that is not the embedded one, as its owner, or "".
        external_roles: the same as others than the owner, by the names of WAREHOUSE_ROLES.
        external_clickhouse: URL of a ClickHouse that is not the embedded one, or "".
        external_inbox: folder of the stores' files that is not the stack's own, or "".
        external_spark: master of Spark on which all of the stack's jobs run instead of its own, or "".
        external_marketplace: URL of a MongoDB database that is not the embedded server's, or "".
        marts_url: JDBC URL of one more database that Spark writes its marts to, or "".
        postgres_settings: settings of PostgreSQL above the ones for this machine.
    """

    home: Path
    ports: dict[str, int] = field(default_factory=_default_ports)
    external_warehouse: str = ""
    external_roles: dict[str, str] = field(default_factory=dict)
    external_clickhouse: str = ""
    external_inbox: str = ""
    external_spark: str = ""
    external_marketplace: str = ""
    marts_url: str = ""
    postgres_settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the stack that the environment names.

        It reads TSHOP_HOME, TSHOP_*_PORT, TSHOP_SPARK_MASTER, TSHOP_MARTS_URL, MONGO_URL, WAREHOUSE_DSN and its
        like, and CLICKHOUSE_URL.

        Raises:
            StackError: a variable holds what it cannot.
        """
        ports: dict[str, int] = {}
        for part, (variable, default) in PORTS.items():
            text = os.environ.get(variable) or str(default)
            if not text.isdecimal() or not 1 <= int(text) <= 65535:
                raise StackError(f"{variable} is '{text}': give a port from 1 to 65535.")
            if int(text) in ports.values():
                raise StackError(f"{variable} is {text}, which another part has already: give each part its own port.")
            ports[part] = int(text)
        spark = os.environ.get("TSHOP_SPARK_MASTER", "")
        if spark and not SPARK_MASTER.fullmatch(spark):
            raise StackError(f"TSHOP_SPARK_MASTER is '{spark}': give a master of Spark, such as spark://host:7077.")
        home = Path(os.environ.get("TSHOP_HOME") or ROOT / ".tshop").absolute()
        settings = cls(
            home,
            ports,
            external_inbox=os.environ.get("TSHOP_STORES_INBOX", ""),
            external_spark=spark,
            marts_url=os.environ.get("TSHOP_MARTS_URL", ""),
        )
        given = {role: os.environ.get(variable, "") for role, variable in WAREHOUSE_VARIABLES.items()}
        given = {role: dsn for role, dsn in given.items() if dsn}
        clickhouse = os.environ.get("CLICKHOUSE_URL", "")
        for role, dsn in given.items():
            libpq_environment(dsn, WAREHOUSE_VARIABLES[role])
        if clickhouse:
            ClickHouseAddress.parse(clickhouse)
        # A command run by "exec" finds the embedded addresses in its environment: these are not external.
        if settings.secrets_exist():
            embedded = {settings.warehouse_dsn_of(role) for role in WAREHOUSE_ROLES}
            given = {role: dsn for role, dsn in given.items() if dsn not in embedded}
            clickhouse = "" if clickhouse == settings.clickhouse_url else clickhouse
        marketplace = os.environ.get("MONGO_URL", "")
        if marketplace == settings.marketplace().url:
            marketplace = ""
        if marketplace:
            MongoAddress.parse(marketplace)
        owner = given.pop("owner", "")
        if given and not owner:
            variable = WAREHOUSE_VARIABLES[next(iter(given))]
            raise StackError(f"{variable} is set and WAREHOUSE_DSN is not: set both, for the same warehouse, or none.")
        return replace(
            settings,
            external_warehouse=owner,
            external_roles=given,
            external_clickhouse=clickhouse,
            external_marketplace=marketplace,
        )

    @property
    def warehouse_dsn(self) -> str:
        """The libpq URI of the warehouse as its owner, of the external one where it is named."""
        return self.warehouse_dsn_of("owner")

    def warehouse_dsn_of(self, role: str) -> str:
        """Return the libpq URI of the warehouse as one of WAREHOUSE_ROLES, of the external one where it is named.

        A warehouse named by WAREHOUSE_DSN is not ours to make roles and passwords in: who is not named there by a
        variable of its own comes as the owner.

        Raises:
            StackError: it would be people who mean to read only.
        """
        if not self.external_warehouse:
            password = self.secret(f"warehouse_{role}")
            return self.postgres().dsn(WAREHOUSE_DATABASE, WAREHOUSE_ROLES[role], password)
        if role == "analyst" and role not in self.external_roles:
            raise StackError(
                "WAREHOUSE_DSN is set and WAREHOUSE_ANALYST_DSN is not: set it to the same warehouse as the analyst."
            )
        return self.external_roles.get(role, self.external_warehouse)

    @property
    def clickhouse_url(self) -> str:
        """The URL of ClickHouse, the external one where it is named."""
        if self.external_clickhouse:
            return self.external_clickhouse
        return self._embedded_clickhouse_url(CLICKHOUSE_USER, "clickhouse")

    @property
    def clickhouse_dashboard_url(self) -> str:
        """The same as who reads for dashboards; the external one has the user that its URL names."""
        if self.external_clickhouse:
            return self.external_clickhouse
        return self._embedded_clickhouse_url(endpoint_configuration().reader.user, "clickhouse_dashboard")

    def _embedded_clickhouse_url(self, user: str, secret: str) -> str:
        password = quote(self.secret(secret), safe="")
        return f"http://{user}:{password}@127.0.0.1:{self.ports['clickhouse']}/{endpoint_configuration().database}"

    @property
    def airflow_url(self) -> str:
        """The address of Airflow's UI and API, without a slash at the end."""
        return f"http://127.0.0.1:{self.ports['airflow']}"

    @property
    def airflow_database_url(self) -> str:
        """SQLAlchemy's URL of Airflow's metadata database, by a role of its own that reaches nothing else."""
        password = quote(self.secret("airflow_database"), safe="")
        return (
            f"postgresql+psycopg2://{AIRFLOW_DATABASE}:{password}@127.0.0.1:{self.ports['postgres']}/{AIRFLOW_DATABASE}"
        )

    @property
    def inbox(self) -> Path:
        """The folder of the stores' weekly files."""
        return Path(self.external_inbox).absolute() if self.external_inbox else self.home / "inbox"

    @property
    def spark_master(self) -> str:
        """The master of Spark for jobs that need no cluster, the external one where it is named."""
        return self.external_spark or LOCAL_SPARK

    @property
    def spark_cluster(self) -> str:
        """The master of Spark for jobs that want a cluster: the embedded one, or the external one where it is named."""
        return self.external_spark or self.spark_embedded

    @property
    def spark_embedded(self) -> str:
        """The master of the embedded cluster of Spark, running or not."""
        return f"spark://127.0.0.1:{self.ports.get('spark', PORTS['spark'][1])}"

    @property
    def spark_is_here(self) -> bool:
        """Whether Spark's processes all reach each other at 127.0.0.1, so that no other address needs to be open."""
        if not self.external_spark or self.external_spark.startswith("local"):
            return True
        return re.fullmatch(r"spark://(127\.0\.0\.1|localhost)(:\d+)?", self.external_spark) is not None

    @property
    def superset_url(self) -> str:
        """The address of Superset, without a slash at the end."""
        return f"http://127.0.0.1:{self.ports['superset']}"

    @property
    def notebooks_url(self) -> str:
        """The address of JupyterLab, without a slash at the end."""
        return f"http://127.0.0.1:{self.ports['notebooks']}"

    @property
    def language(self) -> str:
        """The language of the dashboards, as it was chosen last."""
        file = self.folder("superset") / "language"
        return file.read_text() if file.exists() else LANGUAGES[0]

    def choose_language(self, code: str) -> None:
        """Keep a language for the dashboards, for whatever starts Superset from now on.

        Raises:
            StackError: the dashboards do not have it.
        """
        if code not in LANGUAGES:
            raise StackError(f"TSHOP_LANGUAGE is '{code}': give one of {', '.join(LANGUAGES)}.")
        (self.folder("superset") / "language").write_text(code)

    @property
    def superset_database_url(self) -> str:
        """SQLAlchemy's URL of Superset's metadata database, by a role of its own that reaches nothing else."""
        password = quote(self.secret("superset_database"), safe="")
        return (
            f"postgresql+psycopg2://{SUPERSET_DATABASE}:{password}"
            f"@127.0.0.1:{self.ports['postgres']}/{SUPERSET_DATABASE}"
        )

    def postgres(self) -> PostgresServer:
        """Return the embedded PostgreSQL, running or not."""
        return PostgresServer(
            self.home / "postgres", self.ports["postgres"], self.secret("postgres"), settings=self.postgres_settings
        )

    def shop_postgres(self) -> PostgresServer:
        """Return the server of the shop's own database, running or not."""
        settings = {**shared_settings(18, SHOP_SETTINGS), **SHOP_MEMORY, **self.postgres_settings}
        return PostgresServer(
            self.home / "shop-postgres", self.ports["shop"], self.secret("shop_postgres"), settings=settings
        )

    def shop_dsn_of(self, who: str) -> str:
        """Return the libpq URI of the shop's own database as one of SHOP_ROLES."""
        return self.shop_postgres().dsn(SHOP_DATABASE, SHOP_ROLES[who], self.secret(who))

    def kafka(self) -> KafkaServer:
        """Return Kafka's broker, running or not."""
        return KafkaServer(self.home / "kafka", self.ports["kafka"], self.ports["kafka_controller"])

    def marketplace(self) -> MarketplaceServer:
        """Return the marketplace's server, running or not."""
        port = self.ports.get("marketplace", PORTS["marketplace"][1])
        return MarketplaceServer(self.home / "marketplace", port)

    @property
    def marketplace_url(self) -> str:
        """The URL of the marketplace's database, of the external one where it is named; "" where there is none."""
        return self.external_marketplace or (self.marketplace().url if "marketplace" in self.ports else "")

    def folder(self, name: str) -> Path:
        """Return a folder of the stack closed to other users, made when missing."""
        if not self.home.exists():
            self.home.mkdir(parents=True)
            # PostgreSQL may run as another user: it may pass, and see nothing.
            self.home.chmod(0o711)
        folder = self.home / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def secrets_exist(self) -> bool:
        """Tell whether this stack has been started before."""
        return (self.home / "secrets" / "postgres").exists()

    def secret(self, name: str, size: int = 32) -> str:
        """Return a secret of the stack, kept in a file that only its user reads; made up when it is first asked for.

        Args:
            name: of the file.
            size: random bytes in it; a Fernet key has to have 32.
        """
        file = self.folder("secrets") / name
        if not file.exists():
            # Made aside and linked, so that two processes that ask at once get the same.
            draft = file.with_name(f".{name}.{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
                # With its padding, which a Fernet key has to have.
                output.write(base64.urlsafe_b64encode(secrets.token_bytes(size)).decode())
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        return file.read_text().strip()
