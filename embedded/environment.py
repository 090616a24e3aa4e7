"""The environment the programs of the stack run in: addresses, secrets and Airflow's configuration.

Secrets go to programs this way only, never by arguments or configuration files.
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg2.extensions
from dotenv import dotenv_values

from clickhouse_server.limits import Limits
from embedded.postgres import LIBPQ_VARIABLES, client_bin_dir, libpq_environment
from embedded.settings import (
    PORTS,
    ROOT,
    WAREHOUSE_DATABASE,
    WAREHOUSE_VARIABLES,
    ClickHouseAddress,
    MongoAddress,
    Settings,
    endpoint_configuration,
)
from sources.jars import jars_of

ADMIN = "admin"
# By whom the tasks of Airflow write notes on their runs; in compose the first runs are started by it, too.
STARTER = "starter"
# The secret by which people come to JupyterLab.
NOTEBOOKS_TOKEN = "notebooks_token"  # noqa: S105
# What this Airflow has in common with that of docker-compose.yml.
SHARED_AIRFLOW_SETTINGS = ROOT / "config" / "airflow.env"
# What a program of the stack takes over from the shell that started it; the rest would only differ from shell to shell.
INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TERM", "EDITOR", "PAGER"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
    "REQUESTS_CA_BUNDLE",
)


# Parts of the stack that "exec" starts; what else it starts works as one of WAREHOUSE_ROLES.
PARTS = (
    *("airflow", "clickhouse", "superset", "shop", "producer", "kafka", "relay", "replication", "stream"),
    *("spark-master", "spark-worker", "marketplace-server", "notebooks"),
)
# Roles of Airflow's tasks that connect by themselves: each finds its address in the variable of WAREHOUSE_VARIABLES.
JOB_ROLES = ("marketplace", "spark", "stores")
# Superset needs an older SQLAlchemy than Airflow: it has a Python environment of its own.
SUPERSET_BIN = ROOT / ".venv-superset" / "bin"
# So has Spark, which needs its own packages only.
SPARK_ENVIRONMENT = ROOT / ".venv-spark"
SPARK_BIN = SPARK_ENVIRONMENT / "bin"
SPARK_HOME = SPARK_ENVIRONMENT / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages" / "pyspark"
# And so have the notebooks.
NOTEBOOKS_BIN = ROOT / ".venv-notebooks" / "bin"
# The addresses of the warehouse, of ClickHouse, of the shop's own database and of Kafka, which each program gets as it
# may know them, and not otherwise.
ADDRESSES = (
    *(*WAREHOUSE_VARIABLES.values(), "WAREHOUSE_ADMIN_DSN", "CLICKHOUSE_URL", "KAFKA_BOOTSTRAP"),
    *("SHOP_DSN", "SHOP_ADMIN_DSN", "SHOP_RELAY_DSN", "SHOP_REPLICA_DSN", "TSHOP_SPARK_SECRET", "TSHOP_MARTS_URL"),
    "MONGO_URL",
)


def base_environment(settings: Settings) -> dict[str, str]:
    """Return the environment without any address or secret."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # The programs of this Python environment and of the embedded PostgreSQL come first, then those of Spark.
    first = (Path(sys.executable).parent, client_bin_dir(), SPARK_BIN)
    environment["PATH"] = ":".join([*map(str, first), environment.get("PATH", "/usr/bin:/bin")])
    environment["PYTHONPATH"] = str(ROOT)
    environment["PYTHONUNBUFFERED"] = "1"
    environment["TSHOP_HOME"] = str(settings.home)
    ports = {PORTS[part][0]: str(port) for part, port in settings.ports.items()}
    environment.update(ports)
    if settings.external_spark:
        environment["TSHOP_SPARK_MASTER"] = settings.external_spark
    return environment


def external_addresses(settings: Settings) -> dict[str, str]:
    """Return the variables that name what is not the embedded stack's, as the shell itself holds them."""
    addresses = {WAREHOUSE_VARIABLES[role]: dsn for role, dsn in settings.external_roles.items()}
    if settings.external_warehouse:
        addresses["WAREHOUSE_DSN"] = settings.external_warehouse
    if settings.external_clickhouse:
        addresses["CLICKHOUSE_URL"] = settings.external_clickhouse
    if settings.external_marketplace:
        addresses["MONGO_URL"] = settings.external_marketplace
    if settings.marts_url:
        addresses["TSHOP_MARTS_URL"] = settings.marts_url
    return addresses


def warehouse_environment(settings: Settings, role: str) -> dict[str, str]:
    """Return the variables that name the warehouse as one of WAREHOUSE_ROLES, for our tools and libpq's.

    The owner also gets ClickHouse's, and those of an external warehouse as its other roles.
    """
    dsn = settings.warehouse_dsn_of(role)
    whole = {**external_addresses(settings), "CLICKHOUSE_URL": settings.clickhouse_url} if role == "owner" else {}
    return {**whole, "WAREHOUSE_DSN": dsn, **libpq_environment(dsn)}


def endpoint_environment(settings: Settings) -> dict[str, str]:
    """Return what the embedded ClickHouse gets beside the base: its secrets, its limits, the warehouse read-only."""
    clickhouse, configuration = ClickHouseAddress.parse(settings.clickhouse_url), endpoint_configuration()
    limits = Limits.variables(configuration.limits_prefix).values()
    return {
        **{name: os.environ[name] for name in limits if name in os.environ},
        configuration.dsn_variable: settings.warehouse_dsn_of("reader"),
        "CLICKHOUSE_USER": clickhouse.user,
        "CLICKHOUSE_PASSWORD": clickhouse.password,
        configuration.reader.password_variable: settings.secret("clickhouse_dashboard"),
    }


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Return Airflow's configuration, the same for all of its processes.

    Its tasks reach the warehouse in two ways: the connection calls procedures and nothing else, and the generator,
    which WAREHOUSE_DSN is for, writes raw and nothing else.
    """
    home = settings.folder("airflow")
    return {
        **dotenv_values(SHARED_AIRFLOW_SETTINGS, interpolate=False),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin,{STARTER}:user",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(admin_password_file(settings)),
        "AIRFLOW__CORE__FERNET_KEY": settings.secret("airflow_fernet"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.ports["airflow"]),
        "AIRFLOW__API__BASE_URL": settings.airflow_url,
        "AIRFLOW__API__SECRET_KEY": settings.secret("airflow_api"),
        # HMAC with SHA-512 wants a key of 64 bytes.
        "AIRFLOW__API_AUTH__JWT_SECRET": settings.secret("airflow_jwt", 64),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": settings.airflow_database_url,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW_CONN_TSHOP_WAREHOUSE": warehouse_connection(settings.warehouse_dsn_of("etl")),
        "AIRFLOW_CONN_TSHOP_CLICKHOUSE": clickhouse_connection(settings.clickhouse_url),
        "AIRFLOW_CONN_TSHOP_AIRFLOW": airflow_connection(settings),
        "AIRFLOW_CONN_TSHOP_SPARK": spark_connection(settings.spark_master),
        "AIRFLOW_CONN_TSHOP_SPARK_CLUSTER": spark_connection(settings.spark_cluster),
        **spark_environment(settings),
        **marketplace_connection(settings.marketplace_url),
        **spark_secret(settings),
        **({"TSHOP_MARTS_URL": settings.marts_url} if settings.marts_url else {}),
        "WAREHOUSE_DSN": settings.warehouse_dsn_of("loader"),
        **job_addresses(settings),
        "TSHOP_STORES_INBOX": str(settings.inbox),
        # Whom to tell of a failed task; nobody where there is no such file. It is read when there is something to tell.
        "TSHOP_ALERT_URLS_FILE": str(settings.home / "secrets" / "alert_urls"),
    }


def job_addresses(settings: Settings) -> dict[str, str]:
    """Return the addresses of JOB_ROLES; of an external warehouse those that are named, never the owner's."""
    return {
        WAREHOUSE_VARIABLES[role]: settings.warehouse_dsn_of(role)
        for role in JOB_ROLES
        if not settings.external_warehouse or role in settings.external_roles
    }


def spark_environment(settings: Settings) -> dict[str, str]:
    """Return what spark-submit needs: Spark, its Python, an address, a folder.

    The address is one that no other machine reaches. Of a cluster of several machines the executors come back to the
    driver: there it is the one that the shell names, else the one that Spark finds.
    """
    given = {name: os.environ[name] for name in ("SPARK_LOCAL_IP",) if name in os.environ}
    return {
        "SPARK_HOME": str(SPARK_HOME),
        "PYSPARK_PYTHON": str(SPARK_BIN / "python"),
        **({"SPARK_LOCAL_IP": "127.0.0.1"} if settings.spark_is_here else given),
        "SPARK_LOCAL_DIRS": str(settings.home / "spark" / "tmp"),
    }


def spark_secret(settings: Settings) -> dict[str, str]:
    """Return the secret that whoever submits to the embedded cluster has to know; no other cluster is told it.

    Without one, every user of the machine could have programs run there as ours.
    """
    return {} if settings.external_spark else {"TSHOP_SPARK_SECRET": settings.secret("spark")}


def cluster_environment(settings: Settings) -> dict[str, str]:
    """Return what the master and the worker of the embedded cluster of Spark get."""
    log = ROOT / "sources" / "spark" / "log4j2.properties"
    return {
        **spark_environment(settings),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": (
            f'"-Dlog4j2.configurationFile={log}" -XX:+UseSerialGC '
            "-Dspark.authenticate=true -Dspark.ui.killEnabled=false"
        ),
        # By this name Spark itself hands the secret on to executors, by their environment.
        "_SPARK_AUTH_SECRET": settings.secret("spark"),
        # What jobs leave in the worker's folder goes after an hour.
        "SPARK_WORKER_OPTS": "-Dspark.worker.cleanup.enabled=true -Dspark.worker.cleanup.appDataTtl=3600",
    }


def superset_environment(settings: Settings) -> dict[str, str]:
    """Return Superset's configuration; superset/superset_config.py and superset/set_up.py say what each is."""
    return {
        "PATH": f"{SUPERSET_BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": "",
        "SUPERSET_HOME": str(settings.folder("superset")),
        "SUPERSET_CONFIG_PATH": str(ROOT / "superset" / "superset_config.py"),
        "SUPERSET_DATABASE_URL": settings.superset_database_url,
        "SUPERSET_SECRET_KEY": settings.secret("superset_key"),
        "SUPERSET_ADMIN_PASSWORD": settings.secret("superset_admin"),
        "SUPERSET_VIEWER_PASSWORD": settings.secret("superset_viewer"),
        "TSHOP_LANGUAGE": settings.language,
        "SUPERSET_CLICKHOUSE_URL": superset_clickhouse_url(settings.clickhouse_dashboard_url),
        "SUPERSET_WAREHOUSE_URL": superset_warehouse_url(settings.warehouse_dsn_of("monitor")),
        # Nobody outside is told that it runs.
        "SCARF_ANALYTICS": "false",
    }


def notebooks_environment(settings: Settings) -> dict[str, str]:
    """Return what JupyterLab and its kernels get: the warehouse as the analyst, ClickHouse as its reader, and Spark.

    What a notebook, or a library in it, writes for itself lies in the stack's home.
    """
    home, dsn = settings.folder("notebooks"), settings.warehouse_dsn_of("analyst")
    settings.secret(NOTEBOOKS_TOKEN)
    return {
        "PATH": f"{NOTEBOOKS_BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "notebooks" / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_TOKEN_FILE": str(settings.home / "secrets" / NOTEBOOKS_TOKEN),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "WAREHOUSE_DSN": dsn,
        **libpq_environment(dsn),
        "CLICKHOUSE_URL": settings.clickhouse_dashboard_url,
        # What a notebook asks by, and nothing else of this repository.
        "PYTHONPATH": str(ROOT / "notebooks" / "lib"),
        **spark_environment(settings),
        "SPARK_MASTER": settings.spark_master,
        "TSHOP_SPARK_JARS": str(jars_of("spark")),
    }


def superset_clickhouse_url(url: str) -> str:
    """Return a ClickHouse URL as SQLAlchemy has it."""
    address = ClickHouseAddress.parse(url)
    user, password = quote(address.user, safe=""), quote(address.password, safe="")
    secure = "?secure=true" if address.secure else ""
    return f"clickhousedb://{user}:{password}@{address.host}:{address.port}/{address.database}{secure}"


def superset_warehouse_url(dsn: str) -> str:
    """Return a libpq URI of one server as SQLAlchemy has it."""
    parts = psycopg2.extensions.parse_dsn(dsn)
    user, password, host, port, database = (
        quote(parts.pop(name, default), safe="")
        for name, default in (("user", ""), ("password", ""), ("host", ""), ("port", "5432"), ("dbname", ""))
    )
    more = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql+psycopg2://{user}:{password}@{host}:{port}/{database}{more}"


def live_environment(settings: Settings, part: str) -> dict[str, str]:
    """Return what a part of the live shop gets: its own addresses, each with the password of the role that it is."""
    if part == "shop":
        dsn = settings.shop_dsn_of("shop_owner")
        return {"SHOP_DSN": dsn, **libpq_environment(dsn)}
    bootstrap = {"KAFKA_BOOTSTRAP": settings.kafka().bootstrap}
    warehouse = settings.postgres()
    return {
        "producer": lambda: {"SHOP_DSN": settings.shop_dsn_of("shop_app")},
        "kafka": dict,
        "relay": lambda: {"SHOP_RELAY_DSN": settings.shop_dsn_of("shop_relay"), **bootstrap},
        # Making a subscription takes a superuser; what the warehouse's own procedures do, its owner does.
        "replication": lambda: {
            "WAREHOUSE_DSN": settings.warehouse_dsn_of("owner"),
            "WAREHOUSE_ADMIN_DSN": warehouse.dsn(WAREHOUSE_DATABASE),
            "SHOP_REPLICA_DSN": settings.shop_dsn_of("shop_replica"),
        },
        "stream": lambda: {
            "PATH": f"{SPARK_BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "WAREHOUSE_CONSUMER_DSN": settings.warehouse_dsn_of("consumer"),
            "TSHOP_STREAM_CHECKPOINT": str(settings.folder("stream") / "checkpoint"),
            "TSHOP_STREAM_JARS": str(jars_of("stream")),
            "SPARK_MASTER": "local[2]",
            "SPARK_LOCAL_IP": "127.0.0.1",
            # What a killed consumer leaves of its own stays in this folder.
            "SPARK_LOCAL_DIRS": str(settings.folder("stream") / "tmp"),
            "TMPDIR": str(settings.folder("stream") / "tmp"),
            **bootstrap,
        },
    }[part]()


def environment(settings: Settings, whose: str = "owner") -> dict[str, str]:
    """Return the whole environment of a program, with the secrets it may know.

    Args:
        settings: the stack.
        whose: one of WAREHOUSE_ROLES, who then works on the warehouse, or one of PARTS.
    """
    if whose == "airflow":
        secret = airflow_environment(settings)
    elif whose == "clickhouse":
        secret = endpoint_environment(settings)
    elif whose == "superset":
        secret = superset_environment(settings)
    elif whose in ("spark-master", "spark-worker"):
        secret = cluster_environment(settings)
    elif whose == "marketplace-server":
        # It knows of nothing but its folder.
        secret = {}
    elif whose == "notebooks":
        secret = notebooks_environment(settings)
    elif whose in PARTS:
        secret = live_environment(settings, whose)
    else:
        secret = warehouse_environment(settings, whose)
    return {**base_environment(settings), **secret}


def environment_over_ours(settings: Settings, whose: str) -> dict[str, str]:
    """Return the same above this process's own environment, from which nothing gets through that is another's."""
    withheld = {*ADDRESSES, *((*LIBPQ_VARIABLES.values(), "TSHOP_ALERT_URLS") if whose in PARTS else ())}
    ours = {name: value for name, value in os.environ.items() if name not in withheld}
    return {**ours, **environment(settings, whose)}


def admin_password_file(settings: Settings) -> Path:
    """Return the file that holds the passwords of Airflow's users as JSON, made or completed where it has to be."""
    file = settings.folder("secrets") / "airflow_admin.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    if known.keys() != {ADMIN, STARTER}:
        made = {user: settings.secret(f"airflow_{user}").rstrip("=") for user in (ADMIN, STARTER)}
        draft = file.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write(json.dumps({**made, **known}))
        draft.replace(file)
    return file


def admin_password(settings: Settings) -> str:
    """Return the password of Airflow's user admin."""
    return json.loads(admin_password_file(settings).read_text())[ADMIN]


def warehouse_connection(dsn: str) -> str:
    """Return a libpq URI of one server as an Airflow connection in JSON."""
    parts = psycopg2.extensions.parse_dsn(dsn)
    known = ("host", "port", "dbname", "user", "password")
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": parts.get("host", ""),
            "port": int(parts.get("port", 5432)),
            "schema": parts.get("dbname", ""),
            "login": parts.get("user", ""),
            "password": parts.get("password", ""),
            "extra": {name: value for name, value in parts.items() if name not in known},
        }
    )


def airflow_connection(settings: Settings) -> str:
    """Return Airflow's own API as an Airflow connection in JSON, as a user who may change runs and no more."""
    return json.dumps(
        {
            "conn_type": "http",
            "host": "127.0.0.1",
            "port": settings.ports["airflow"],
            "login": STARTER,
            "password": json.loads(admin_password_file(settings).read_text())[STARTER],
        }
    )


def clickhouse_connection(url: str) -> str:
    """Return a ClickHouse URL as an Airflow connection in JSON, as the provider clickhousedb reads it."""
    address = ClickHouseAddress.parse(url)
    return json.dumps(
        {
            "conn_type": "clickhouse",
            "host": address.host,
            "port": address.port,
            "schema": address.database,
            "login": address.user,
            "password": address.password,
            # A pull of the whole mart is one statement; the driver's own limit is five minutes.
            "extra": {"secure": address.secure, "send_receive_timeout": 3600},
        }
    )


def spark_connection(master: str) -> str:
    """Return a master of Spark as an Airflow connection in JSON, as the provider apache-spark reads it."""
    return json.dumps({"conn_type": "spark", "host": master})


def marketplace_connection(url: str) -> dict[str, str]:
    """Return the variable with a MongoDB URL as an Airflow connection in JSON, none where there is no URL."""
    if not url:
        return {}
    address = MongoAddress.parse(url)
    connection = {
        "conn_type": "mongo",
        "host": address.hosts,
        "schema": address.database,
        "login": address.user or None,
        "password": address.password or None,
        # A server that is away is told, and the task tried again, before a minute is over.
        "extra": {"serverSelectionTimeoutMS": 10_000, **address.options, **({"srv": True} if address.is_srv else {})},
    }
    return {"AIRFLOW_CONN_TSHOP_MARKETPLACE": json.dumps(connection)}
