"""docker-compose.yml: whatever it refers to is there, nothing is open to the network, and no secret has a default."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest
import yaml
from conftest import compose_environment, run_module

from embedded.postgres import PostgresServer
from migrations import roles

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def example() -> dict[str, str]:
    """Return the names and values of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def mounts(service: dict) -> list[list[str]]:
    """Return the mounts of a service as lists of source, target and mode."""
    return [mount.split(":") for mount in service.get("volumes", [])]


def dockerfiles() -> list[Path]:
    """Return the Dockerfiles the services are built from."""
    return sorted({ROOT / service["build"]["dockerfile"] for service in SERVICES.values() if "build" in service})


def test_schema():
    answer = subprocess.run(
        [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_variables_are_those_of_the_example():
    used = {match["name"] for match in VARIABLE.finditer(FILE.read_text())}
    assert used == set(example())


def test_secrets_are_required_and_have_no_value_here():
    for match in VARIABLE.finditer(FILE.read_text()):
        if match["name"].endswith("_PORT"):
            assert match["rest"] == f":-{example()[match['name']]}", match["name"]
        else:
            assert match["rest"].startswith(":?"), match["name"]
            assert example()[match["name"]] == "", match["name"]


def test_no_password_is_written_out():
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD$|SECRET|FERNET|_KEY$", variable):
                assert VARIABLE.fullmatch(value), f"{name}: {variable}"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_the_loopback_address_only(name):
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{TSHOP_\w+_PORT:-\d+\}:\d+", port), port


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_are_services_and_can_meet_their_condition(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other], other
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no", other


@pytest.mark.parametrize("name", SERVICES)
def test_mounts_are_named_volumes_or_read_only_files_of_the_repo(name):
    for source, _target, *mode in mounts(SERVICES[name]):
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"], source
        else:
            assert source in COMPOSE["volumes"], source


def test_every_volume_is_used():
    used = {source for service in SERVICES.values() for source, *_ in mounts(service)}
    assert set(COMPOSE["volumes"]) <= used


def test_images_are_pinned_to_a_minor_version():
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", "\n".join(file.read_text() for file in dockerfiles()), re.MULTILINE)
    assert images
    for image in images:
        assert re.search(r":\d+\.\d+", image), image


@pytest.mark.parametrize("file", dockerfiles(), ids=lambda file: file.parent.name)
def test_dockerfile_copies_what_exists_and_runs_as_no_root(file):
    text = file.read_text()
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        *sources, _target = [word for word in line.split() if not word.startswith("--")]
        for source in sources:
            assert (ROOT / source).exists(), source
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


@pytest.mark.parametrize("file", dockerfiles(), ids=lambda file: file.parent.name)
def test_dockerfile_is_clean(file):
    answer = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), file], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "build" not in service])
def test_ready_made_image_runs_as_no_root(name):
    assert SERVICES[name]["user"].split(":")[0] not in ("root", "0")


def test_every_long_running_service_has_a_health_check():
    for name, service in SERVICES.items():
        if service.get("restart") == "unless-stopped":
            assert "healthcheck" in service, name


def test_airflow_sees_the_folders_the_dags_read():
    service = SERVICES["airflow-scheduler"]
    targets = {target: source for source, target, *_ in mounts(service)}
    assert targets[service["environment"]["AIRFLOW__CORE__DAGS_FOLDER"]] == "./dags"
    assert targets["/opt/tshop/clickhouse"] == "./clickhouse"


def test_named_collection_gets_all_its_values():
    config = (ROOT / "clickhouse" / "server" / "config.d" / "tshop.xml").read_text()
    users = (ROOT / "clickhouse" / "server" / "users.d" / "tshop.xml").read_text()
    wanted = set(re.findall(r'from_env="(\w+)"', config + users))
    assert wanted
    assert wanted <= set(SERVICES["clickhouse"]["environment"])


# The secrets of .env that each service sees; no other service sees any. The superuser's and the owner's are for those
# who set the warehouse up, and Airflow's are not among them.
AIRFLOW_SECRETS = {
    *("TSHOP_ETL_PASSWORD", "TSHOP_LOADER_PASSWORD", "TSHOP_CLICKHOUSE_PASSWORD", "TSHOP_AIRFLOW_DB_PASSWORD"),
    *("TSHOP_AIRFLOW_API_SECRET", "TSHOP_AIRFLOW_JWT_SECRET", "TSHOP_AIRFLOW_FERNET_KEY"),
}
SECRETS = {
    "postgres": {"TSHOP_POSTGRES_PASSWORD", "TSHOP_AIRFLOW_DB_PASSWORD"},
    "roles": {
        *("TSHOP_POSTGRES_PASSWORD", "TSHOP_OWNER_PASSWORD", "TSHOP_ETL_PASSWORD", "TSHOP_LOADER_PASSWORD"),
        *("TSHOP_READER_PASSWORD", "TSHOP_ANALYST_PASSWORD"),
    },
    "migrate": {"TSHOP_OWNER_PASSWORD"},
    "clickhouse": {"TSHOP_READER_PASSWORD", "TSHOP_CLICKHOUSE_PASSWORD"},
    "airflow-init": {*AIRFLOW_SECRETS, "TSHOP_AIRFLOW_ADMIN_PASSWORD"},
    "airflow-api-server": AIRFLOW_SECRETS,
    "airflow-dag-processor": AIRFLOW_SECRETS,
    "airflow-scheduler": AIRFLOW_SECRETS,
}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_sees_its_own_secrets_only(name):
    seen = {match["name"] for match in VARIABLE.finditer(yaml.safe_dump(SERVICES[name], width=10_000))}
    assert {variable for variable in seen if not variable.endswith("_PORT")} == SECRETS.get(name, set())


def test_nothing_is_mounted_or_read_that_holds_all_secrets():
    for name, service in SERVICES.items():
        assert "env_file" not in service, name
        assert not any(source == "." or source.startswith("./.env") for source, *_ in mounts(service)), name


def test_first_start_of_postgres_gets_its_passwords():
    scripts = "".join(file.read_text() for file in (ROOT / "docker" / "postgres").glob("*.sql"))
    wanted = set(re.findall(r"^\\getenv \w+ (\w+)$", scripts, re.MULTILINE))
    assert wanted
    assert wanted <= set(SERVICES["postgres"]["environment"])


def execute(dsn: str, statement: str) -> tuple:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else ()


def airflow_connection(server: PostgresServer) -> str:
    """Return the libpq URI of Airflow's connection to the warehouse."""
    environment = compose_environment("airflow-scheduler", server.port)
    parts = json.loads(environment["AIRFLOW_CONN_TSHOP_WAREHOUSE"])
    return "postgresql://{login}:{password}@{host}:{port}/{schema}".format(**parts)


def test_roles_are_made_with_the_passwords_that_the_services_have(compose_server):
    port = compose_server.port
    addresses = {
        "tshop": compose_environment("migrate", port)["WAREHOUSE_DSN"],
        "tshop_etl": airflow_connection(compose_server),
        "tshop_loader": compose_environment("airflow-scheduler", port)["WAREHOUSE_DSN"],
        "tshop_reader": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{DATABASE}".format(
            **{
                name.removeprefix("TSHOP_WAREHOUSE_"): value
                for name, value in compose_environment("clickhouse", port).items()
            }
        ),
        "tshop_analyst": f"postgresql://tshop_analyst:TSHOP_ANALYST_PASSWORD@127.0.0.1:{port}/tshop",
    }
    assert set(addresses) == {"tshop", *(role.name for role in roles.roles())}
    is_superuser = "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    for name, dsn in addresses.items():
        assert execute(dsn, f"SELECT current_user::text, {is_superuser}") == (name, False)


def test_airflow_of_compose_may_call_and_write_raw_and_nothing_else(compose_server):
    etl = airflow_connection(compose_server)
    loader = compose_environment("airflow-scheduler", compose_server.port)["WAREHOUSE_DSN"]
    assert execute(etl, "SHOW client_connection_check_interval") == ("2s",)
    execute(loader, "INSERT INTO raw.product (product_id, updated_at) VALUES (1, now()) ON CONFLICT DO NOTHING")
    execute(etl, "CALL dds.load_product()")
    for dsn, statement in ((etl, "SELECT FROM raw.product"), (loader, "CALL dds.load_product()")):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(dsn, statement)
    metadata = compose_environment("airflow-scheduler", compose_server.port)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    metadata = metadata.replace("postgresql+psycopg2", "postgresql")
    execute(metadata, "CREATE TABLE mine (a int)")
    for dsn, database in ((etl, "airflow"), (metadata, "tshop"), (metadata, "postgres")):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            execute(dsn.rsplit("/", 1)[0] + f"/{database}", "SELECT 1")


def test_roles_and_migration_may_run_again(compose_server):
    for service, module in (("roles", "migrations.roles"), ("migrate", "migrations")):
        answer = run_module(module, **compose_environment(service, compose_server.port))
        assert answer.returncode == 0, answer.stderr
