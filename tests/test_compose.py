"""docker-compose.yml: whatever it refers to is there, nothing is open to the network, and no secret has a default."""

import contextlib
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import psycopg2
import psycopg2.errors
import pytest
import yaml
from conftest import compose_environment, compose_file, run_module, run_psql
from dotenv import dotenv_values

import embedded.environment
from clickhouse.definitions import DEFINITIONS
from clickhouse.files import statements_of
from embedded import stack
from embedded.environment import SHARED_AIRFLOW_SETTINGS
from embedded.postgres import SHARED_SETTINGS, THROW_AWAY_SETTINGS, PostgresServer, shared_settings
from embedded.settings import Settings
from migrations import roles
from tests.endpoint import start as start_endpoint
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.yml"
COMPOSE = compose_file()
SERVICES = COMPOSE["services"]
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
SECRET = re.compile(r"(PASSWORD|SECRET|KEY)$")
CLUSTER = {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]}
LIVE = {name for name, service in SERVICES.items() if "live" in service.get("profiles", ())}
LONG_RUNNING = [
    name for name, service in SERVICES.items() if service["restart"] == "unless-stopped" and not service.get("profiles")
]
# These are started by hand, not by "up".
BY_HAND = {
    *("generator", "test", "clickhouse-keeper", "clickhouse-1", "clickhouse-2", "clickhouse-cluster-ddl"),
    *("shop-postgres", "shop-roles", "shop-migrate", "live", "kafka", "kafka-topics", "relay", "replication"),
    *("spark-master", "spark-worker", "stream", "live-dag", "stores-files", "stores-dag"),
    *("mongo", "marketplace", "marketplace-dag", "notebooks"),
}
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


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


def pip_installs(dockerfile: Path) -> list[str]:
    """Return the arguments of each "pip install" of a Dockerfile."""
    text = dockerfile.read_text().replace("\\\n", " ")
    return [" ".join(found.split()) for found in re.findall(r"\bpip install ([^&\n]+)", text)]


def size(text: str) -> int:
    """Return bytes, of a size as compose writes it, of a variable's by default."""
    number, unit = re.fullmatch(r"(?:\$\{\w+:-)?(\d+)([kmg])b?\}?", text).groups()
    return int(number) * UNITS[unit]


def copied(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """Yield the sources of a Dockerfile's COPY instructions, each with its target."""
    # What another stage has made is none of the context.
    for line in re.findall(r"^COPY (?!--from=)(.+)$", dockerfile.read_text(), re.MULTILINE):
        *sources, target = [word for word in line.split() if not word.startswith("--")]
        for source in sources:
            yield source, target


def ignored(path: str, dockerfile: Path) -> bool:
    """Tell whether a file is kept out of what a Dockerfile is built from, by the last pattern that fits it."""
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    patterns = (own if own.exists() else ROOT / ".dockerignore").read_text().splitlines()
    parts = Path(path).parts
    ways = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    out = False
    for line in patterns:
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            # What fits a folder fits all in it.
            if any(_fits(way, pattern) for way in ways):
                out = not line.startswith("!")
    return out


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    if wanted[0] == "**":
        parts, wanted = parts[-(len(wanted) - 1) :], wanted[1:]
    return len(parts) == len(wanted) and all(fnmatch.fnmatchcase(*pair) for pair in zip(parts, wanted, strict=True))


def build_context(dockerfile: Path) -> list[str]:
    """Return the files of the repository that a Dockerfile is built from."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        # Not looked into, only for the time it takes; that they are kept out has a test of its own.
        folders[:] = [name for name in folders if not name.startswith((".git", ".venv", ".tshop"))]
        found += [str((Path(folder) / file).relative_to(ROOT)) for file in files]
    return [file for file in sorted(found) if not ignored(file, dockerfile)]


def lay_out(service: str, folder: Path) -> Path:
    """Put what a service's image and its mounts have in /opt/tshop into a folder, and nothing else; return it."""
    dockerfile = ROOT / SERVICES[service]["build"]["dockerfile"]
    found = build_context(dockerfile)
    pairs = [(file, target) for file in found for target in [_place(file, dockerfile)] if target]
    for source, target, *_ in mounts(SERVICES[service]):
        if source.startswith("./") and target.startswith("/opt/tshop/"):
            place = Path(target.removeprefix("/opt/tshop/"))
            files = [file for file in (ROOT / source).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
            pairs += [(str(file), str(place / file.relative_to(ROOT / source))) for file in files]
    for source, target in pairs:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, folder / target)
    return folder


def _place(file: str, dockerfile: Path) -> str | None:
    """Return where a file of the context ends up in an image's working folder, None where it does not."""
    for source, target in copied(dockerfile):
        if source == ".":
            return file
        if file == source:
            return target + Path(file).name if target.endswith("/") else target
        if file.startswith(f"{source}/"):
            return f"{target.rstrip('/')}{file.removeprefix(source)}"
    return None


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
        if SECRET.search(match["name"]):
            assert match["rest"] == ":?set it in .env", match["name"]
            assert example()[match["name"]] == "", match["name"]
        else:
            default = re.fullmatch(":?-(.*)", match["rest"])
            assert default, match["name"]
            assert default[1] == example()[match["name"]], match["name"]


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
        ours, theirs = (set(SERVICES[one].get("profiles", ())) for one in (name, other))
        assert not theirs or (ours and ours <= theirs), other


def test_dependencies_have_a_beginning():
    waiting = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while ready := {name for name, others in waiting.items() if not others}:
        waiting = {name: others - ready for name, others in waiting.items() if name not in ready}
    assert not waiting


def test_up_starts_everything_but_commands():
    assert {name for name, service in SERVICES.items() if service.get("profiles")} == BY_HAND


def test_ports_differ():
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_contained(name):
    service = SERVICES[name]
    # The tests write beside themselves.
    assert service["read_only"] is (name != "test")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices", "userns_mode"} & set(service)
    assert service.get("network_mode", "none") == "none"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_folders_in_memory_say_who_may_write_and_how_much(name):
    total = 0
    for folder in SERVICES[name].get("tmpfs", []):
        path, options = folder.split(":")
        values = dict(option.split("=") for option in options.split(","))
        assert set(values) <= {"mode", "uid", "size"}, folder
        assert values["mode"] == "1777" or values["uid"] == "50000", folder
        assert path not in [target for _, target, *_ in mounts(SERVICES[name])]
        total += size(values["size"])
    assert total < size(SERVICES[name]["mem_limit"])


@pytest.mark.parametrize(("name", "service"), [("airflow", "airflow-scheduler"), ("spark", "stream")])
def test_jobs_on_spark_need_no_library_that_is_run_from_a_folder_in_memory(name, service):
    # The engine mounts it so that nothing in it may be run, unless it is told otherwise.
    assert all("exec" not in folder for folder in SERVICES[service]["tmpfs"])
    lines = (ROOT / "docker" / name / "spark-defaults.conf").read_text().splitlines()
    settings = dict(line.split() for line in lines if line and not line.startswith("#"))
    # Spark's own choice, zstd, has no other way than its library.
    assert settings["spark.shuffle.mapStatus.compression.codec"] == "lz4"


def test_a_master_of_spark_that_starts_again_takes_its_drivers_back():
    service = SERVICES["spark-master"]
    options = dict(re.findall(r"-D(\S+)=(\S+)", service["environment"]["SPARK_MASTER_OPTS"]))
    assert options["spark.deploy.recoveryMode"] == "FILESYSTEM"
    kept = [target for _, target, *mode in mounts(service) if not mode]
    assert [folder for folder in kept if options["spark.deploy.recoveryDirectory"].startswith(f"{folder}/")]


def test_memory_fits_a_laptop_of_16_gib():
    long_running = sum(size(SERVICES[name]["mem_limit"]) for name in LONG_RUNNING)
    others = [
        size(SERVICES[name]["mem_limit"])
        for name in SERVICES
        if name not in (*LONG_RUNNING, *CLUSTER, *LIVE, "notebooks", "test")
    ]
    assert long_running <= 13 * UNITS["g"]
    # docs/compose.md says how much more this profile takes.
    live = [name for name in LIVE if SERVICES[name]["restart"] == "unless-stopped"]
    assert sum(size(SERVICES[name]["mem_limit"]) for name in live) <= 6.5 * UNITS["g"]
    assert size(SERVICES["notebooks"]["mem_limit"]) <= 2 * UNITS["g"]
    # What runs once runs beside the rest at its start, one after the other; the tests run by themselves.
    assert long_running + max(others) <= 14 * UNITS["g"]


def test_postgres_and_clickhouse_stay_in_their_memory():
    settings = postgres_arguments()
    limit = size(SERVICES["postgres"]["mem_limit"])
    assert size(settings["shared-buffers"].lower()) <= limit / 3
    assert size(settings["effective-cache-size"].lower()) <= limit
    config = (ROOT / "clickhouse" / "server" / "config.d" / "tshop.xml").read_text()
    assert float(re.search("<max_server_memory_usage_to_ram_ratio>(.+)</", config)[1]) <= 0.8


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


@pytest.fixture
def pinnable(tmp_path):
    """Function that runs docker/pin_bases.sh on a copy of the files, with a registry that knows some images."""
    files = [FILE, *dockerfiles(), ROOT / "docker" / "pin_bases.sh"]
    for file in files:
        copy = tmp_path / "repository" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    (tmp_path / "bin").mkdir()

    def pin(digit: str, unknown: str = "none") -> subprocess.CompletedProcess:
        registry = tmp_path / "bin" / "docker"
        registry.write_text(
            f'#!/bin/sh\ncase "$4" in {unknown}*) echo "not found" >&2; exit 1 ;; esac\necho sha256:{digit * 64}\n'
        )
        registry.chmod(0o755)
        return subprocess.run(
            ["bash", tmp_path / "repository" / "docker" / "pin_bases.sh"],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    pin.texts = lambda: {file: (tmp_path / "repository" / file.relative_to(ROOT)).read_text() for file in files}
    return pin


def test_images_can_be_pinned_by_digest(pinnable):
    before = pinnable.texts()
    for digit in "1", "2":
        answer = pinnable(digit)
        assert answer.returncode == 0, answer.stderr
        after = pinnable.texts()
        digest = f"@sha256:{digit * 64}"
        # Nothing else is changed, and a later digest takes the place of the earlier one.
        assert {file: text.replace(digest, "") for file, text in after.items()} == before
        named = re.findall(r"^(?: +image:|FROM) +(\S+:\S+)", "\n".join(after.values()), re.MULTILINE)
        assert len(named) >= 7
        assert [image for image in named if not image.endswith(digest)] == []


def test_no_image_is_pinned_where_one_is_unknown(pinnable):
    before = pinnable.texts()
    answer = pinnable("1", unknown="postgres:")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == (
        "The registry does not tell the digest of postgres:18.4: look whether it can be reached and has this tag."
    )
    assert pinnable.texts() == before


@pytest.mark.parametrize("file", dockerfiles(), ids=lambda file: file.parent.name)
def test_dockerfile_copies_what_it_is_given_and_runs_as_no_root(file):
    context = build_context(file)
    for source, _ in copied(file):
        assert any(source in (".", one) or one.startswith(f"{source}/") for one in context), source
    users = re.findall(r"^USER (\S+)$", file.read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


@pytest.mark.parametrize("file", dockerfiles(), ids=lambda file: file.parent.name)
def test_image_installs_pinned_packages_only(file):
    installs = pip_installs(file)
    texts = [(ROOT / install.split()[-1]).read_text() for install in installs]
    for install, text in zip(installs, texts, strict=True):
        assert "--require-hashes --only-binary :all:" in install
        pinned = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE)
        assert pinned
        for line in pinned:
            assert re.match(r"\S+==\S+( ;.*)? \\$", line), line
    # What has no wheel is built by pinned tools, in each environment by its own.
    wanted = []
    for install in installs:
        name = install.split()[-1]
        if name != "requirements/build.txt":
            is_built = "--no-binary" in install
            assert ("--no-build-isolation" in install) is is_built
            wanted += [*(["requirements/build.txt"] if is_built else []), name]
    assert [install.split()[-1] for install in installs] == wanted


@pytest.mark.parametrize("file", dockerfiles(), ids=lambda file: file.parent.name)
@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".tshop/secrets/postgres", ".tshop-bench/postgres/PG_VERSION", ".venv/bin/python", ".git/config"),
        *(".jars/kafka/kafka.jar", ".ferretdb/ferretdb", "dist/sl-0.0.0.sql", "db/sl/__pycache__/a.cpython-311.pyc"),
    ],
)
def test_secrets_data_and_litter_are_kept_out_of_the_images(file, path):
    assert ignored(path, file)


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
    live = [name for name in LIVE if SERVICES[name]["restart"] == "unless-stopped"]
    assert len(live) == 6
    for name in (*LONG_RUNNING, "clickhouse-keeper", "clickhouse-1", "clickhouse-2", "notebooks", *live):
        assert "healthcheck" in SERVICES[name], name


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


# Addresses that have passwords in them.
WITH_SECRETS = ("TSHOP_ALERT_URLS", "TSHOP_MARTS_URL")
# The secrets of .env that each service sees; no other service sees any. The superuser's and the owner's are for those
# who set the warehouse up, and Airflow's are not among them.
AIRFLOW_SECRETS = {
    *("TSHOP_AIRFLOW_DB_PASSWORD", "TSHOP_AIRFLOW_API_SECRET", "TSHOP_AIRFLOW_JWT_SECRET", "TSHOP_AIRFLOW_FERNET_KEY"),
}
CLICKHOUSE_SECRETS = {"TSHOP_READER_PASSWORD", "TSHOP_CLICKHOUSE_PASSWORD", "TSHOP_DASHBOARD_PASSWORD"}
SUPERSET_SECRETS = {"TSHOP_SUPERSET_DB_PASSWORD", "TSHOP_SUPERSET_SECRET"}
SECRETS = {
    "postgres": {"TSHOP_POSTGRES_PASSWORD", "TSHOP_AIRFLOW_DB_PASSWORD", "TSHOP_SUPERSET_DB_PASSWORD"},
    "roles": {
        *("TSHOP_POSTGRES_PASSWORD", "TSHOP_OWNER_PASSWORD", "TSHOP_ETL_PASSWORD", "TSHOP_LOADER_PASSWORD"),
        *("TSHOP_READER_PASSWORD", "TSHOP_ANALYST_PASSWORD", "TSHOP_MONITOR_PASSWORD", "TSHOP_CONSUMER_PASSWORD"),
        *("TSHOP_SPARK_PASSWORD", "TSHOP_STORES_PASSWORD", "TSHOP_MARKETPLACE_PASSWORD"),
    },
    "migrate": {"TSHOP_OWNER_PASSWORD"},
    "clickhouse": CLICKHOUSE_SECRETS,
    "generator": {"TSHOP_LOADER_PASSWORD"},
    "clickhouse-ddl": {"TSHOP_CLICKHOUSE_PASSWORD"},
    "clickhouse-1": {*CLICKHOUSE_SECRETS, "TSHOP_KEEPER_PASSWORD"},
    "clickhouse-2": {*CLICKHOUSE_SECRETS, "TSHOP_KEEPER_PASSWORD"},
    "clickhouse-cluster-ddl": {"TSHOP_CLICKHOUSE_PASSWORD"},
    "airflow-init": AIRFLOW_SECRETS,
    "airflow-api-server": {*AIRFLOW_SECRETS, "TSHOP_AIRFLOW_ADMIN_PASSWORD", "TSHOP_AIRFLOW_STARTER_PASSWORD"},
    "airflow-triggerer": AIRFLOW_SECRETS,
    # Runs callbacks.
    "airflow-dag-processor": {*AIRFLOW_SECRETS, "TSHOP_ETL_PASSWORD", "TSHOP_ALERT_URLS"},
    # Runs tasks.
    "airflow-scheduler": {
        *(*AIRFLOW_SECRETS, "TSHOP_ETL_PASSWORD", "TSHOP_LOADER_PASSWORD", "TSHOP_CLICKHOUSE_PASSWORD"),
        *("TSHOP_STORES_PASSWORD", "TSHOP_AIRFLOW_STARTER_PASSWORD", "TSHOP_ALERT_URLS"),
        *("TSHOP_SPARK_PASSWORD", "TSHOP_MARTS_URL", "TSHOP_MARKETPLACE_PASSWORD", "TSHOP_MONGO_READER_PASSWORD"),
    },
    "first-days": {"TSHOP_AIRFLOW_STARTER_PASSWORD"},
    "superset-init": {
        *(*SUPERSET_SECRETS, "TSHOP_SUPERSET_ADMIN_PASSWORD", "TSHOP_SUPERSET_VIEWER_PASSWORD"),
        *("TSHOP_DASHBOARD_PASSWORD", "TSHOP_MONITOR_PASSWORD"),
    },
    # It has the databases' passwords from its own database.
    "superset": SUPERSET_SECRETS,
    "shop-postgres": {"TSHOP_SHOP_POSTGRES_PASSWORD"},
    "shop-roles": {f"TSHOP_SHOP_{role}_PASSWORD" for role in ("OWNER", "APP", "RELAY", "REPLICA", "MONITOR")},
    "shop-migrate": {"TSHOP_SHOP_OWNER_PASSWORD"},
    "live": {"TSHOP_SHOP_APP_PASSWORD"},
    "relay": {"TSHOP_SHOP_RELAY_PASSWORD"},
    "replication": {"TSHOP_SHOP_REPLICA_PASSWORD"},
    # Its executors get it from it.
    "stream": {"TSHOP_CONSUMER_PASSWORD"},
    "live-dag": {"TSHOP_AIRFLOW_STARTER_PASSWORD"},
    "stores-dag": {"TSHOP_AIRFLOW_STARTER_PASSWORD"},
    "mongo": {f"TSHOP_MONGO_{who}_PASSWORD" for who in ("ROOT", "READER", "WRITER")},
    "marketplace": {"TSHOP_MONGO_WRITER_PASSWORD"},
    "marketplace-dag": {"TSHOP_AIRFLOW_STARTER_PASSWORD"},
    "notebooks": {"TSHOP_NOTEBOOKS_PASSWORD", "TSHOP_ANALYST_PASSWORD", "TSHOP_DASHBOARD_PASSWORD"},
}


def test_superset_is_served_as_in_the_embedded_stack():
    program, *words = stack.SUPERSET.command
    options = dict(zip(words[::2], words[1::2], strict=True))
    wanted = [f"{name}={value}" for name, value in options.items()]
    served = [program, *wanted, "--bind=0.0.0.0:8088", "superset.app:create_app()"]
    assert sorted(SERVICES["superset"]["command"]) == sorted(served)
    assert (ROOT / options["--config"]).is_file()


def test_superset_gets_what_its_files_ask_for():
    texts = [(ROOT / "superset" / name).read_text() for name in ("superset_config.py", "set_up.py", "setup.sh")]
    wanted = {name for text in texts for name in re.findall(r"\bSUPERSET_[A-Z_]+\b", text)}
    # A setting of Superset's own.
    wanted -= {"SUPERSET_WEBSERVER_TIMEOUT"}
    assert wanted <= set(SERVICES["superset-init"]["environment"])
    targets = {target: source for source, target, *_ in mounts(SERVICES["superset"])}
    assert targets["/opt/tshop/superset"] == "./superset"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_sees_its_own_secrets_only(name):
    seen = {match["name"] for match in VARIABLE.finditer(yaml.safe_dump(SERVICES[name], width=10_000))}
    found = {variable for variable in seen if SECRET.search(variable) or variable in WITH_SECRETS}
    assert found == SECRETS.get(name, set())


def test_nothing_is_mounted_or_read_that_holds_all_secrets():
    for name, service in SERVICES.items():
        files = service.get("env_file", [])
        assert not any(SECRET.search(variable) for file in files for variable in dotenv_values(ROOT / file)), name
        assert not any(Path(file).name.startswith(".env") for file in files), name
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
        "tshop_analyst": compose_environment("notebooks", port)["WAREHOUSE_DSN"],
        "tshop_consumer": compose_environment("stream", port)["WAREHOUSE_CONSUMER_DSN"],
        "tshop_stores": compose_environment("airflow-scheduler", port)["WAREHOUSE_STORES_DSN"],
        "tshop_monitor": compose_environment("superset-init", port)["SUPERSET_WAREHOUSE_URL"].replace("+psycopg2", ""),
        "tshop_spark": compose_environment("airflow-scheduler", port)["WAREHOUSE_SPARK_DSN"],
        "tshop_marketplace": compose_environment("airflow-scheduler", port)["WAREHOUSE_MARKETPLACE_DSN"],
    }
    # The subscription's owner does not log in.
    assert set(addresses) == {"tshop", *(role.name for role in roles.roles())} - {"tshop_replica"}
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
    databases = (
        (etl, "airflow"),
        (etl, "superset"),
        (metadata, "tshop"),
        (metadata, "superset"),
        (metadata, "postgres"),
    )
    for dsn, database in databases:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            execute(dsn.rsplit("/", 1)[0] + f"/{database}", "SELECT 1")


def test_roles_and_migration_may_run_again(compose_server):
    for service, module in (("roles", "migrations.roles"), ("migrate", "migrations")):
        answer = run_module(module, **compose_environment(service, compose_server.port))
        assert answer.returncode == 0, answer.stderr


def postgres_arguments() -> dict[str, str]:
    """Return the arguments of PostgreSQL's command."""
    return dict(argument[2:].split("=") for argument in SERVICES["postgres"]["command"][1:])


def test_postgres_takes_the_shared_settings_and_its_own(scratch):
    arguments = postgres_arguments()
    (source,) = [one for one, target, *_ in mounts(SERVICES["postgres"]) if target == arguments["config-file"]]
    assert ROOT / source == SHARED_SETTINGS
    # Nothing stands in both.
    assert not {name.replace("-", "_") for name in arguments} & set(shared_settings(18))
    server = PostgresServer(scratch / "configured", free_port(), "secret")
    server.prepare()
    shared = server.folder / "shared.conf"
    shutil.copyfile(ROOT / source, shared)
    shared.chmod(0o644)
    # What depends on the machine of the container.
    elsewhere = {
        "config-file": str(shared),
        "hba-file": str(server.data / "pg_hba.conf"),
        "listen-addresses": "127.0.0.1",
    }
    given = {**arguments, **elsewhere, "port": str(server.port), "unix-socket-directories": ""}
    process = subprocess.Popen(
        [*server.command(), *(f"--{name}={value}" for name, value in given.items())],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **server.user.popen_arguments(),
    )
    try:
        assert server.wait_ready()
        with contextlib.closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT name, source FROM pg_settings")
            sources = dict(cursor.fetchall())
            cursor.execute("SHOW data_directory")
            assert cursor.fetchone() == (str(server.data),)
        assert {sources[name] for name in shared_settings(18)} == {"configuration file"}
        assert {sources[name.replace("-", "_")] for name in arguments if not name.endswith("-file")} == {"command line"}
    finally:
        server.kill()
        process.wait()
        if server.moved:
            shutil.rmtree(server.folder, ignore_errors=True)


def test_no_setting_of_airflow_stands_in_two_places(tmp_path):
    file = dotenv_values(SHARED_AIRFLOW_SETTINGS, interpolate=False)
    assert len(file) > 5
    plain = yaml.safe_load(FILE.read_text())["services"]
    own = {name for service in plain.values() for name in service.get("environment", {})}
    assert not own & set(file)
    text = Path(embedded.environment.__file__).read_text()
    assert [name for name in file if name in text] == []
    # Both have them.
    known = embedded.environment.airflow_environment(Settings(tmp_path / "home"))
    assert file.items() <= known.items()
    assert all(file.items() <= SERVICES[name]["environment"].items() for name in BUILT if name.startswith("airflow-"))


# --- who reaches whom ------------------------------------------------------------------------------------------------


def named(service: dict) -> set[str]:
    """Return the other services that a service's variables name as hosts."""
    text = yaml.safe_dump(service.get("environment", {}), width=10_000)
    hosts = set(re.findall(r"@([a-z0-9-]+):\d+|https?://([a-z0-9-]+):\d+|\"host\": \"([a-z0-9-]+)\"", text))
    values = {value for value in service.get("environment", {}).values() if isinstance(value, str)}
    alone = {value.removesuffix(":9092") for value in values}
    return {host for found in hosts for host in found if host in SERVICES} | (
        alone & {"postgres", "clickhouse", "kafka"}
    )


def needed() -> set[frozenset[str]]:
    """Return the pairs of services of which one has the other's address, or the like of it in a file."""
    pairs = {frozenset((name, host)) for name, service in SERVICES.items() for host in named(service) if host != name}
    # The addresses of these are in docker/clickhouse/cluster.xml, and in Superset's database.
    pairs |= {frozenset(pair) for pair in (("clickhouse-1", "clickhouse-2"), ("superset", "clickhouse"))}
    # The subscription is in the warehouse's database. Executors have their addresses from the driver.
    pairs |= {
        frozenset(("postgres", "shop-postgres")),
        *(frozenset(("spark-worker", o)) for o in ("postgres", "kafka")),
    }
    # A master of Spark is no host to the above. The drivers of one cluster share its network.
    pairs |= {frozenset(("airflow-scheduler", other)) for other in ("spark-master", "spark-worker", "stream")}
    return pairs | {frozenset((replica, "clickhouse-keeper")) for replica in ("clickhouse-1", "clickhouse-2")}


def neighbours() -> set[frozenset[str]]:
    """Return the pairs of services that share a network."""
    names = list(SERVICES)
    return {
        frozenset((one, other))
        for number, one in enumerate(names)
        for other in names[number + 1 :]
        if set(SERVICES[one].get("networks", [])) & set(SERVICES[other].get("networks", []))
    }


def test_a_service_reaches_what_it_needs_and_nothing_else():
    assert needed() - neighbours() == set()
    # Clients of one server see each other where they are the same program.
    for one, other in map(sorted, neighbours() - needed()):
        assert SERVICES[one]["image"] == SERVICES[other]["image"], (one, other)


def test_no_service_is_in_the_network_that_compose_makes_by_default():
    for name, service in SERVICES.items():
        assert ("networks" in service) is (service.get("network_mode") != "none"), name
    used = {network for service in SERVICES.values() for network in service.get("networks", [])}
    assert used == set(COMPOSE["networks"])


def test_page_says_who_reaches_whom():
    page = (ROOT / "docs" / "compose.md").read_text()
    table = re.search(r"^## Who reaches whom\?\n.*?\n(\| .+?)\n\n", page, re.MULTILINE | re.DOTALL)[1]
    told = {}
    for line in table.splitlines()[2:]:
        network, services = [re.findall(r"`([a-z0-9-]+)`", cell) for cell in line.strip("|").split("|")[:2]]
        told[network[0]] = set(services)
    members: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for network in service.get("networks", []):
            members.setdefault(network, set()).add(name)
    assert told == members


@pytest.fixture(scope="module")
def guarded(scratch):
    """A server with a socket and the rules of docker/postgres/pg_hba.conf, set up as compose does it."""
    folder = scratch / "guarded"
    rules = scratch / "pg_hba.conf"
    shutil.copyfile(ROOT / "docker" / "postgres" / "pg_hba.conf", rules)
    rules.chmod(0o644)
    socket = scratch / "socket"
    socket.mkdir()
    socket.chmod(0o777)
    settings = {**THROW_AWAY_SETTINGS, "hba_file": f"'{rules}'", "unix_socket_directories": f"'{socket}'"}
    server = PostgresServer(folder, free_port(), "TSHOP_POSTGRES_PASSWORD", settings=settings)
    try:
        server.start()
        admin = f"postgresql://postgres@/{{}}?host={socket}&port={server.port}"
        with contextlib.closing(psycopg2.connect(admin.format("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE DATABASE tshop")
        for script in sorted((ROOT / "docker" / "postgres").glob("*.sql")):
            answer = run_psql(admin.format("tshop"), "-f", str(script), **compose_environment("postgres", server.port))
            assert answer.returncode == 0, answer.stderr
        environment = compose_environment("roles", server.port)
        environment["WAREHOUSE_ADMIN_DSN"] = admin.format("tshop")
        assert run_module("migrations.roles", **environment).returncode == 0
        yield server
    finally:
        server.stop("immediate")
        if server.moved:
            shutil.rmtree(server.folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("user", "database", "password"),
    [
        ("postgres", "tshop", "TSHOP_POSTGRES_PASSWORD"),
        ("postgres", "postgres", "TSHOP_POSTGRES_PASSWORD"),
        ("superset", "tshop", "TSHOP_SUPERSET_DB_PASSWORD"),
        ("superset", "airflow", "TSHOP_SUPERSET_DB_PASSWORD"),
        ("airflow", "superset", "TSHOP_AIRFLOW_DB_PASSWORD"),
        ("tshop", "superset", "TSHOP_OWNER_PASSWORD"),
    ],
)
def test_nobody_comes_by_a_network_to_what_is_not_his(guarded, user, database, password):
    with pytest.raises(psycopg2.OperationalError, match=r"rejects connection|no pg_hba.conf entry"):
        psycopg2.connect(guarded.dsn(database, user, password))


@pytest.mark.parametrize(
    ("user", "database", "password"),
    [
        ("tshop", "tshop", "TSHOP_OWNER_PASSWORD"),
        ("tshop_monitor", "tshop", "TSHOP_MONITOR_PASSWORD"),
        ("superset", "superset", "TSHOP_SUPERSET_DB_PASSWORD"),
        ("airflow", "airflow", "TSHOP_AIRFLOW_DB_PASSWORD"),
    ],
)
def test_everybody_comes_by_a_network_to_his_own(guarded, user, database, password):
    psycopg2.connect(guarded.dsn(database, user, password)).close()


def test_rules_of_postgres_are_where_its_settings_say():
    (file,) = [one.split("=", 1)[1] for one in SERVICES["postgres"]["command"] if one.startswith("--hba-file=")]
    target = {target: source for source, target, *_ in mounts(SERVICES["postgres"])}[str(Path(file).parent)]
    assert (ROOT / target / Path(file).name).exists()
    sockets = {}
    for name, service in SERVICES.items():
        for source, target, *_ in mounts(service):
            if target == "/var/run/postgresql":
                sockets.setdefault(source, set()).add(name)
    assert sockets == {
        "postgres-socket": {"postgres", "roles", "replication"},
        "shop-postgres-socket": {"shop-postgres", "shop-roles"},
    }


# --- what the services run ------------------------------------------------------------------------------------------


def commands(name: str) -> list[list[str]]:
    """Return the commands that a service runs in its image: its own, and its health check."""
    service = SERVICES[name]
    own = [*service.get("entrypoint", []), *service.get("command", [])]
    check = service.get("healthcheck", {}).get("test", ["CMD"])
    assert check[0] == "CMD"
    return [command for command in (own, check[1:]) if command]


# Programs of packages: the requirements that have the package, and its name.
PROGRAMS = {
    "airflow": ("airflow", "apache-airflow"),
    "gunicorn": ("superset", "gunicorn"),
    "spark-class": ("spark", "pyspark"),
    "jupyterhub": ("notebooks", "jupyterhub"),
}
BUILT = [name for name, service in SERVICES.items() if "build" in service and name != "test"]


@pytest.mark.parametrize("name", BUILT)
def test_command_is_in_the_image(name, tmp_path):
    folder = lay_out(name, tmp_path)
    assert commands(name)
    for program, *arguments in commands(name):
        if program in PROGRAMS:
            requirements, package = PROGRAMS[program]
            assert re.search(rf"^{package}==", (ROOT / "requirements" / f"{requirements}.txt").read_text(), re.M)
            continue
        assert program in ("python", "bash"), program
        if arguments[0] == "-c":
            compile(arguments[1], name, "exec")
        elif arguments[0] == "-m":
            module = folder / arguments[1].replace(".", "/")
            assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), arguments[1]
        else:
            assert (folder / arguments[0]).is_file(), arguments[0]


def test_airflow_knows_its_commands():
    wanted = [command[1:] for name in BUILT for command in commands(name) if command[0] == "airflow"]
    wanted.append(["api-server"])
    assert len(wanted) > 3
    code = "import json, sys; from airflow.cli import cli_parser\nparser = cli_parser.get_parser()\n"
    code += "for command in json.loads(sys.argv[1]): parser.parse_args(command)"
    answer = subprocess.run(
        [sys.executable, "-c", code, json.dumps(wanted)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_airflow_knows_its_settings():
    wanted = {
        tuple(variable.lower().split("__")[1:])
        for name in BUILT
        for variable in SERVICES[name].get("environment", {})
        if variable.startswith("AIRFLOW__")
    }
    code = "import json; from airflow.configuration import conf\n"
    code += "print(json.dumps([[s, o] for s in conf.configuration_description for o in "
    code += "conf.configuration_description[s]['options']]))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = {tuple(pair) for pair in json.loads(answer.stdout.splitlines()[-1])}
    # Of the simple auth manager, which has no description.
    known.add(("core", "simple_auth_manager_passwords_file"))
    assert wanted
    assert wanted <= known


def scripts() -> list[Path]:
    """Return the shell scripts that the services run, and the one for people."""
    return [file for folder in ("docker", "dags", "superset") for file in sorted((ROOT / folder).rglob("*.sh"))]


@pytest.mark.parametrize("file", scripts(), ids=lambda file: file.name)
def test_shell_script_is_clean(file):
    assert re.match("#!(/usr/bin/env |/bin/)bash\n", file.read_text())
    checkers = [["bash", "-n"]] + ([["shellcheck"]] if shutil.which("shellcheck") else [])
    for checker in checkers:
        answer = subprocess.run([*checker, file], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def run_service(name: str, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a service's own command in a folder that holds what its image has, with nothing else in its environment."""
    command, *_ = commands(name)
    assert command[0] == "python"
    return subprocess.run(
        [sys.executable, *command[1:], *arguments],
        cwd=folder,
        # Not the folder of the repository: what is missing in the image is missing here.
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_warehouse_image_has_what_its_jobs_need(compose_server, tmp_path):
    folder = lay_out("migrate", tmp_path / "image")
    for service in ("roles", "migrate"):
        answer = run_service(service, folder, **compose_environment(service, compose_server.port))
        assert answer.returncode == 0, answer.stderr


def test_generator_is_a_command_that_writes_raw(compose_server, tmp_path):
    service = SERVICES["generator"]
    assert [VARIABLE.sub(r"\g<rest>", argument) for argument in service["entrypoint"][3:]] == [
        "--opened=:-2026-01-01",
        "--clients=:-50000",
        "--products=:-2000",
    ]
    folder = lay_out("generator", tmp_path / "image")
    environment = compose_environment("generator", compose_server.port)
    dsn = environment["WAREHOUSE_DSN"]
    answer = subprocess.run(
        [sys.executable, "-m", "generator", "--clients=200", "--products=20", "--from", "2026-01-01"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "WAREHOUSE_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert execute(dsn, "SELECT count(*) >= 200 FROM raw.client") == (True,)


def as_chdb(user: str, folder: Path) -> Path:
    """Return a configuration for chDB, whose user is "default", by which that has the rights of a user of users.d."""
    users = ElementTree.parse(ROOT / "clickhouse" / "server" / "users.d" / "tshop.xml").getroot()  # noqa: S314
    found = users.find("users")
    for one in list(found):
        if one.tag != user:
            found.remove(one)
    found[0].tag = "default"
    found[0].remove(found[0].find("password"))
    ElementTree.SubElement(found[0], "password")
    # What chDB needs by itself to open.
    for grant in ("GRANT SHOW DATABASES ON default.*", "GRANT SELECT ON system.one"):
        ElementTree.SubElement(found[0].find("grants"), "query").text = grant
    ElementTree.SubElement(users.find("profiles"), "default")
    ElementTree.SubElement(ElementTree.SubElement(users, "quotas"), "default")
    folder.mkdir(exist_ok=True)
    ElementTree.ElementTree(users).write(folder / "users.xml")
    config = (ROOT / "clickhouse" / "server" / "config.d" / "tshop.xml").read_text()
    config = config.replace("<console>1</console>", "").replace("information", "fatal")
    config = config.replace("<listen_host>", f"<users_config>{folder / 'users.xml'}</users_config><listen_host>")
    (folder / "config.xml").write_text(config)
    return folder / "config.xml"


# Runs statements, one an argument, and tells of each what came of it.
IN_CHDB = """
import sys
import chdb
connection = chdb.connect(sys.argv[1])
for statement in sys.argv[2:]:
    try:
        connection.query(statement, "TSV")
        print("done")
    except Exception as error:
        print("ACCESS_DENIED" if "ACCESS_DENIED" in str(error) or "READONLY" in str(error) else error)
"""


def test_dashboards_may_read_what_they_show_and_nothing_else(compose_server, tmp_path):
    def run(user: str, *statements: str) -> list[str]:
        answer = subprocess.run(
            [
                *(sys.executable, "-c", IN_CHDB),
                f"{tmp_path / 'data'}?config-file={as_chdb(user, tmp_path / user)}",
                *statements,
            ],
            env={**os.environ, **compose_environment("clickhouse", compose_server.port)},
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.splitlines()

    ddl = statements_of(*sorted(DEFINITIONS.glob("*.sql")))
    assert set(run("tshop", *ddl)) == {"done"}
    datasets = [
        yaml.safe_load(file.read_text()) for file in (ROOT / "superset" / "assets").glob("datasets/ClickHouse/*")
    ]
    shown = [one["sql"] or f"SELECT count() FROM {one['schema']}.{one['table_name']}" for one in datasets]
    assert len(shown) > 1
    readable = [
        *shown,
        "EXISTS TABLE tshop.sales",
        "SHOW TABLES FROM tshop",
        "DESCRIBE tshop.sales",
        "SELECT version()",
    ]
    assert set(run("tshop_dashboard", *readable)) == {"done"}
    # Names of persons are in the first, too, but these go around what is published.
    hidden = [
        "SELECT * FROM tshop.warehouse_sales_mart",
        "SELECT * FROM postgresql(tshop_warehouse, schema = 'cdm', table = 'sales_mart_export')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "INSERT INTO tshop.published_batch (run_id) VALUES (1)",
        "DROP VIEW tshop.sales",
        "CREATE TABLE tshop.mine (a UInt8) ENGINE = Memory",
    ]
    assert run("tshop_dashboard", *hidden) == ["ACCESS_DENIED"] * len(hidden)


@pytest.fixture
def endpoint(compose_server, tmp_path) -> Iterator[int]:
    """Port of a running ClickHouse endpoint that reads the warehouse of compose, as the password's name says."""
    warehouse = compose_environment("clickhouse", compose_server.port)
    dsn = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{DATABASE}".format(
        **{name.removeprefix("TSHOP_WAREHOUSE_"): value for name, value in warehouse.items()}
    )
    port = free_port()
    process = start_endpoint(
        tmp_path / "data", port, tmp_path / "endpoint.log", "tshop", "TSHOP_CLICKHOUSE_PASSWORD", WAREHOUSE_DSN=dsn
    )
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def test_clickhouse_job_makes_what_is_in_clickhouse_and_may_run_again(endpoint, tmp_path):
    folder = lay_out("clickhouse-ddl", tmp_path / "image")
    url = compose_environment("clickhouse-ddl", 0)["CLICKHOUSE_URL"].replace("clickhouse:8123", f"127.0.0.1:{endpoint}")
    answer = run_service("clickhouse-ddl", folder, CLICKHOUSE_URL=url)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == sorted(file.name for file in DEFINITIONS.glob("*.sql"))
    # What can be replaced is replaced each time, and what runs once is not run again.
    again = run_service("clickhouse-ddl", folder, CLICKHOUSE_URL=url)
    assert again.returncode == 0, again.stderr
    assert set(again.stdout.split()) < set(answer.stdout.split())
    wrong = run_service("clickhouse-ddl", folder, CLICKHOUSE_URL=url.replace("tshop:", "tshop:no"))
    assert wrong.returncode == 1
    assert "AUTHENTICATION_FAILED" in wrong.stderr
    away = run_service("clickhouse-ddl", folder, CLICKHOUSE_URL=f"http://tshop:x@127.0.0.1:{free_port()}")
    assert away.returncode == 1
    assert "does not answer" in away.stderr
    assert "Traceback" not in wrong.stderr + away.stderr


def test_job_of_the_cluster_makes_the_replicas_databases_first(endpoint, tmp_path):
    folder = lay_out("clickhouse-cluster-ddl", tmp_path / "image")
    url = compose_environment("clickhouse-cluster-ddl", 0)["CLICKHOUSE_URL"]
    assert [part.split("@")[1] for part in url.split()] == ["clickhouse-1:8123", "clickhouse-2:8123"]
    url = re.sub(r"clickhouse-[12]:8123", f"127.0.0.1:{endpoint}", url)
    answer = run_service("clickhouse-cluster-ddl", folder, CLICKHOUSE_URL=url)
    # The embedded endpoint refuses them. What a database is, replicated or not, is for good: no file goes before it.
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.match(r"replica 127\.0\.0\.1: .*replicated", answer.stderr)


@pytest.mark.parametrize("name", ["clickhouse-1", "clickhouse-2"])
def test_replica_of_the_cluster_is_a_server_like_the_other_and_gets_its_values(name):
    alone, replica = SERVICES["clickhouse"], SERVICES[name]
    for key in set(replica) - {"profiles", "environment", "networks", "ports", "volumes", "depends_on"}:
        assert replica[key] == alone[key]
    assert {mount[1] for mount in mounts(alone)} < {mount[1] for mount in mounts(replica)}
    assert replica["environment"] == {
        **alone["environment"],
        "TSHOP_CLICKHOUSE_REPLICA": name,
        "TSHOP_KEEPER_IDENTITY": "tshop:${TSHOP_KEEPER_PASSWORD:?set it in .env}",
    }
    config = (ROOT / "docker" / "clickhouse" / "cluster.xml").read_text()
    assert set(re.findall(r'from_env="(\w+)"', config)) <= set(replica["environment"])
    (port,) = re.findall(r"<tcp_port>(\d+)</tcp_port>", (ROOT / "docker" / "clickhouse" / "keeper.xml").read_text())
    assert f"<port>{port}</port>" in config
    assert f"--port={port}" in SERVICES["clickhouse-keeper"]["healthcheck"]["test"]


def test_settings_of_the_cluster_are_known_to_the_engine(endpoint):
    text = (ROOT / "docker" / "clickhouse" / "cluster_users.xml").read_text()
    names = set(re.findall(r"<(\w+)>\w+</\1>", text))
    assert "default_table_engine" in names
    settings = urllib.request.urlopen(
        urllib.request.Request(
            f"http://127.0.0.1:{endpoint}/",
            b"SELECT name FROM system.settings",
            {"X-ClickHouse-User": "tshop", "X-ClickHouse-Key": "TSHOP_CLICKHOUSE_PASSWORD"},
        )
    )
    assert names <= set(settings.read().decode().split())


def test_no_first_days_where_none_are_asked_for(tmp_path):
    folder = lay_out("first-days", tmp_path)
    environment = {**compose_environment("first-days", 0), "LAST_DAY": ""}
    answer = run_service("first-days", folder, **environment)
    assert (answer.returncode, answer.stdout) == (0, "No last day is named, so no days are generated.\n")


def test_airflow_that_does_not_answer_is_not_healthy(tmp_path):
    url = f"http://127.0.0.1:{free_port()}/execution/"
    command = [sys.executable, ROOT / "docker" / "airflow" / "healthy.py", "scheduler"]
    answer = subprocess.run(
        command,
        env={"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "does not tell" in answer.stderr


# --- .env -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def env_file(tmp_path) -> Path:
    """Where docker/make_env.sh writes .env, in a copy of the two files it needs."""
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker" / "make_env.sh", tmp_path / "docker")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path / ".env"


def make_env(file: Path) -> dict[str, str]:
    subprocess.run(["bash", file.parent / "docker" / "make_env.sh"], cwd="/", capture_output=True, check=True)
    lines = file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_env_file_gets_a_secret_of_its_own_for_each_name(env_file):
    values = make_env(env_file)
    assert list(values) == list(example())
    found = [value for name, value in values.items() if SECRET.search(name)]
    assert len(set(found)) == len(found)
    for name, value in values.items():
        if name == "TSHOP_AIRFLOW_FERNET_KEY":
            assert len(urlsafe_b64decode(value)) == 32
        elif SECRET.search(name):
            assert re.fullmatch("[0-9a-f]{64}" if name.endswith("_SECRET") else "[0-9a-f]{48}", value), name
        else:
            assert value == example()[name]
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in env_file.parent.iterdir()) == [".env", ".env.example", "docker"]


def test_env_file_keeps_what_it_has(env_file):
    before = make_env(env_file)
    env_file.write_text(
        env_file.read_text()
        .replace(f"TSHOP_ETL_PASSWORD={before['TSHOP_ETL_PASSWORD']}", "TSHOP_ETL_PASSWORD=mine & 'own'")
        .replace(f"TSHOP_READER_PASSWORD={before['TSHOP_READER_PASSWORD']}\n", "")
        + "COMPOSE_PROJECT_NAME=shop\n"
    )
    after = make_env(env_file)
    assert after["TSHOP_ETL_PASSWORD"] == "mine & 'own'"
    assert after["COMPOSE_PROJECT_NAME"] == "shop"
    assert re.fullmatch("[0-9a-f]{48}", after["TSHOP_READER_PASSWORD"])
    changed = {"TSHOP_ETL_PASSWORD", "TSHOP_READER_PASSWORD"}
    assert {name: value for name, value in before.items() if name not in changed} == {
        name: value for name, value in after.items() if name not in {*changed, "COMPOSE_PROJECT_NAME"}
    }
    content = env_file.read_bytes()
    make_env(env_file)
    assert env_file.read_bytes() == content
