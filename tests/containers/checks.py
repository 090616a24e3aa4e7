"""The checks of docker-compose.yml on an engine. Each returns what it saw, in one line, or raises."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psutil

from docs import dashboards
from docs.pictures import SHOWN
from sources.compare import compare as compare_shop
from tests.containers.engine import ROOT, Engine
from tests.containers.stack import HEALTHY_SECONDS, RUN_SECONDS, Stack, read_env

PICTURE = "t-shop-compose.png"
MAKE = ROOT / "docker" / "stand_ins" / "make.py"
# The web shop's lines, by their numbers.
WEB = "sale_id BETWEEN 1000000000000 AND 1999999999999"

# In the warehouse, those that ClickHouse has the current rows of, with the sum that both can say exactly.
SUMS = {
    "sales_mart": ("sales", "total_amount"),
    "user_sales": ("user_sales", "total_order_amount"),
    "product_sales": ("product_sales", "total_amount"),
    "region_sales": ("region_sales", "total_amount"),
    "daily_sales": ("daily_sales", "net_amount"),
}
# What is kept: rows, and how far each reader of them has come.
KEPT = """
SELECT n.nspname || '.' || c.relname
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('raw', 'dds', 'cdm', 'landing', 'shop', 'sl')
ORDER BY 1
"""
# What is kept where the web shop is live and at rest: its tables without the beat of the relay, and the warehouse's,
# without what each run of tshop_live notes; the place that each reader has reached.
OF_THE_LAYERS = ("raw.", "dds.", "cdm.", "landing.", "shop.")
BEATS = ("shop.relay_state", "landing.position")
REACHED = "SELECT concat_ws(' ', stream, partition, landed_position, applied_position) FROM landing.position"
SENT = "SELECT concat_ws(' ', sent, last_id) FROM shop.relay_state"
# Prints the first and the next place of each partition of the shop's topics. Kafka has one of its own, which it makes
# for the first consumer that asks.
OFFSETS = """
import os
from confluent_kafka import Consumer, TopicPartition
consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"], "group.id": "none"})
for topic in consumer.list_topics(timeout=60).topics.values():
    for partition in () if topic.topic.startswith("__") else topic.partitions:
        places = consumer.get_watermark_offsets(TopicPartition(topic.topic, partition), 60)
        print(topic.topic, partition, *places, sep=":")
"""
# Prints the name of each collection of the marketplace and a hash of each of its documents.
DOCUMENTS = """
import hashlib, os
from pymongo import MongoClient
database = MongoClient(os.environ["MONGO_URL"]).get_default_database()
for name in database.list_collection_names():
    for document in database[name].find():
        print(name, hashlib.sha256(repr(sorted(document.items())).encode()).hexdigest(), sep=":")
"""
# Prints the files of the stores and of the notebooks' users with their hashes.
FILES = {
    "airflow-scheduler": "find /var/lib/stores -type f -exec sha256sum {} +",
    "notebooks": "find /home/notebooks -name '*.py' -type f -exec sha256sum {} +",
}
# The shop at its size.
LARGE = {"TSHOP_CLIENTS": "5000000", "TSHOP_PRODUCTS": "20000"}
# The upgrade is from the commit before this revision: the newest one before the profiles and their roles.
UPGRADE_BEFORE = "migrations/versions/0027_landing.py"
# Those that a service may not write to. The folders that it has of its own are not among them.
ROOT_FOLDERS = ("/", "/etc", "/usr", "/usr/local/bin", "/opt", "/opt/tshop", "/var", "/var/lib", "/root", "/home")
# Connects to each "address:port" of its arguments at once, and prints those that answer.
CONNECT = """
import asyncio, sys
async def connect(target):
    try:
        await asyncio.wait_for(asyncio.open_connection(*target.rsplit(":", 1)), 5)
        print(target)
    except (OSError, asyncio.TimeoutError):
        pass
async def connect_all():
    await asyncio.gather(*map(connect, sys.argv[1:]))
asyncio.run(connect_all())
"""
# What the engine itself puts into a container.
FILES_OF_THE_ENGINE = (
    "/dev",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/hostname",
    "/sbin/docker-init",
    "/usr/sbin/docker-init",
    "/proc",
    "/sys",
)
# Services that a run of tshop_daily cannot do without.
NEEDED_BY_A_RUN = ("airflow-scheduler", "clickhouse", "postgres")
SERVERS = {
    "postgres": 5432,
    "clickhouse": 8123,
    "airflow-api-server": 8080,
    "superset": 8088,
    "shop-postgres": 5432,
    "kafka": 9092,
    "spark-master": 7077,
    "spark-worker": 7078,
    "mongo": 27017,
    "notebooks": 8000,
}
# A server that is in more networks than it listens in: it is given a name of that one.
LISTENS_IN = {"spark-worker": "spark"}


def images(stack: Stack, engine: Engine) -> str:
    """Build each image, one after the other."""
    told = []
    first = {}
    for name, service in stack.services.items():
        if "build" in service:
            first.setdefault(service["image"], name)
    for image, name in first.items():
        began = time.monotonic()
        stack.compose("build", name, profiles=["*"])
        seconds = time.monotonic() - began
        size = int(stack.docker("image", "inspect", "--format={{.Size}}", image))
        stack.images[image] = (size, seconds)
        told.append(image.removeprefix("tshop-"))
        print(f"    {image}: {size / 2**20:.0f} MiB, {seconds:.0f} s", flush=True)
    return f"{len(told)} images: {', '.join(told)}"


def up(stack: Stack, engine: Engine) -> str:
    """Start the stack, and wait until all is healthy and every job done."""
    seconds = stack.up()
    return f"{len(stack.wanted())} services in {seconds:.0f} s"


def first_days(stack: Stack, engine: Engine) -> str:
    """Compare what the first days brought to ClickHouse, to the cent; start them again, also after they failed."""
    before = compare(stack)
    said = again(stack)
    stack.airflow("PATCH", "/api/v2/dags/tshop_daily/dagRuns/first_days", {"state": "failed"})
    said_then = stack.compose("run", "--rm", "first-days").strip().splitlines()[-1]
    assert said_then == "The first days are there.", said_then
    assert compare(stack) == before
    return f"{before}; a second first-days: {said} One after a run that failed: {said_then}"


def compare(stack: Stack) -> str:
    """Compare the marts of both databases; return what they hold."""
    told = []
    for mart, (table, amount) in SUMS.items():
        ((ours, total),) = stack.ask_warehouse(
            f"SELECT count(*), coalesce(sum({amount}), 0)::numeric(30,2)::text FROM cdm.{mart} WHERE is_current"
        )
        theirs = stack.ask_clickhouse(f"SELECT count(), toString(sum({amount})) FROM tshop.{table} FORMAT TSV").split(
            "\t"
        )
        assert ours > 0, f"cdm.{mart} is empty"
        assert (ours, Decimal(total)) == (int(theirs[0]), Decimal(theirs[1])), (
            f"{mart}: {ours} {total}, ClickHouse {theirs}"
        )
        told.append(f"{table} {ours}")
    return ", ".join(told)


def again(stack: Stack) -> str:
    """Run the job first-days again, and return what it says."""
    said = stack.compose("run", "--rm", "first-days").strip().splitlines()[-1]
    assert said == "The first days are there already.", said
    return said


def contained(stack: Stack, engine: Engine) -> str:
    """Ask each container from inside as whom it runs and what it can write to."""
    users = set()
    running = running_services(stack)
    for name, container in running.items():
        # A shell would not see what its user may do: the process itself is asked.
        status = read_process(container).splitlines()
        found = dict(line.split(":\t", 1) for line in status if ":\t" in line)
        uids = found["Uid"].split()
        assert "0" not in uids, f"{name} runs as root"
        assert {found[one] for one in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}, name
        assert found["NoNewPrivs"] == "1", name
        users.add(uids[0])
        # Where there is a folder in memory, which anybody may write to, it shows that this is tried at all.
        memory = ["/tmp"] if "/tmp" in (container["HostConfig"].get("Tmpfs") or {}) else []  # noqa: S108
        attempts = " ".join(f"{folder.rstrip('/')}/written-$(id -u)" for folder in (*ROOT_FOLDERS, *memory))
        script = f"for file in {attempts}; do touch $file 2>/dev/null && dirname $file && rm $file; done; true"
        # Also as root, who may write wherever the file system lets it.
        for user in ([], ["--user=0"]):
            written = stack.docker("exec", *user, container["Id"], "sh", "-c", script).split()
            assert written == memory, f"{name} {user} writes to {written}"
    for name, container in stack.containers().items():
        changed = [
            line for line in stack.docker("diff", container["Id"]).splitlines() if not in_mounts(line, container)
        ]
        assert not changed, f"{name} has written to its root: {changed}"
    return f"{len(running)} containers, users {', '.join(sorted(users))}, no capability, nothing written"


def pid_of(container: dict[str, Any]) -> int:
    """Return the number of a container's first process, which is made sure to be one of the container's."""
    pid = container["State"]["Pid"]
    assert pid, f"{container['Name']} does not run"
    assert container["Id"] in Path(f"/proc/{pid}/cgroup").read_text(), f"{pid} is no process of {container['Name']}"
    return pid


def read_process(container: dict[str, Any]) -> str:
    """Return what the kernel knows of the first process of a container, or of its child where docker-init is it."""
    pid = pid_of(container)
    if container["HostConfig"].get("Init"):
        pid = psutil.Process(pid).children()[0].pid
    return Path(f"/proc/{pid}/status").read_text()


def in_mounts(line: str, container: dict[str, Any]) -> bool:
    """Tell whether a line of "docker diff" is a place that something is mounted on, or a folder above one."""
    path = line.split(" ", 1)[1]
    # /var/run is a link to /run.
    targets = [
        one["Destination"].removeprefix("/var") for one in container["Mounts"] if "/var/run/" in one["Destination"]
    ]
    targets += [one["Destination"] for one in container["Mounts"]]
    targets += [*(container["HostConfig"].get("Tmpfs") or {}), *FILES_OF_THE_ENGINE]
    return any(target == path or target.startswith(f"{path}/") for target in targets)


def running_services(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the containers that run."""
    return {name: one for name, one in sorted(stack.containers().items()) if one["State"]["Status"] == "running"}


def ports(stack: Stack, engine: Engine) -> str:
    """Look at each port that is open to this machine: its address is the loopback one."""
    opened = {}
    for name, container in running_services(stack).items():
        for inside, places in (container["NetworkSettings"]["Ports"] or {}).items():
            for place in places or []:
                assert place["HostIp"] == "127.0.0.1", f"{name} {inside} is open on {place['HostIp']}"
                opened[int(place["HostPort"])] = name
    listening = subprocess.run(
        ["ss", "--tcp", "--listening", "--numeric", "--no-header"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in listening.splitlines():
        address, _, port = line.split()[3].rpartition(":")
        if int(port) in opened:
            assert address == "127.0.0.1", line
    wanted = {name for name in running_services(stack) if stack.services[name].get("ports")}
    assert set(opened.values()) == wanted, (opened, wanted)
    return ", ".join(f"{port} {name}" for port, name in sorted(opened.items()))


def reach(stack: Stack, engine: Engine) -> str:
    """Try from inside each container to reach each server by each of its addresses: only who shares a network does."""
    running = running_services(stack)
    addresses = {name: networks_of(stack, one) for name, one in running.items()}
    table, wrong = {}, []
    for name, container in running.items():
        targets = {
            f"{address}:{SERVERS[server]}": (server, network)
            for server in running
            if server in SERVERS and server != name
            for network, address in addresses[server].items()
        }
        answer = subprocess.run(
            ["nsenter", f"--target={pid_of(container)}", "--net", sys.executable, "-c", CONNECT, *targets],
            capture_output=True,
            text=True,
            check=True,
        )
        reached = {targets[line] for line in answer.stdout.split()}
        expected = {
            (server, network)
            for server, network in targets.values()
            if network in addresses[name] and LISTENS_IN.get(server, network) == network
        }
        wrong += [f"{name} reaches {server} in {network}" for server, network in reached - expected]
        wrong += [f"{name} does not reach {server} in {network}" for server, network in expected - reached]
        table[name] = sorted({server for server, _ in reached})
    for name, servers in table.items():
        print(f"    {name}: {', '.join(servers) or 'nobody'}", flush=True)
    assert not wrong, "; ".join(wrong)
    return (
        f"{sum(map(len, table.values()))} ways among {len(table)} containers, each in a network of both, and no other"
    )


def networks_of(stack: Stack, container: dict[str, Any]) -> dict[str, str]:
    """Return the address of a container in each of its networks."""
    networks = container["NetworkSettings"]["Networks"]
    return {
        name.removeprefix(f"{stack.project}_"): one["IPAddress"] for name, one in networks.items() if one["IPAddress"]
    }


def dashboard(stack: Stack, engine: Engine) -> str:
    """Ask Superset for the data of each chart, as its users do."""
    base = f"http://127.0.0.1:{stack.values['TSHOP_SUPERSET_PORT']}"

    def get(user: str, path: str) -> dict[str, Any]:
        names = {
            "username": user,
            "password": stack.values[f"TSHOP_SUPERSET_{user.upper()}_PASSWORD"],
            "provider": "db",
        }
        token = httpx.post(f"{base}/api/v1/security/login", json=names, timeout=60).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = httpx.get(f"{base}{path}", headers=headers, timeout=120)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    charts = get("admin", "/api/v1/chart/?q=(page_size:200)")["result"]
    rows = {one["slice_name"]: get("admin", f"/api/v1/chart/{one['id']}/data/")["result"][0] for one in charts}
    empty = sorted(name for name, result in rows.items() if not result["rowcount"])
    of_the_sales = {one["slice_name"] for one in charts if one["datasource_name_text"] == "tshop.sales"}
    assert len(of_the_sales) >= 9, sorted(rows)
    # Nothing failed.
    assert set(empty) <= {"Failures"}, empty
    seen = sorted(one["dashboard_title"] for one in get("viewer", "/api/v1/dashboard/")["result"])
    assert seen == ["Orders and money", "T-Shop"], seen
    without = f", without: {', '.join(empty)}" if empty else ""
    return f"{len(rows) - len(empty)} of {len(rows)} charts have rows{without}; viewer sees {', '.join(seen)}"


@dataclass(frozen=True)
class Served:
    """Superset in its container, with what docs.dashboards reads of settings."""

    superset_url: str
    values: dict[str, str]

    def secret(self, name: str) -> str:
        """Return the password of one of Superset's users."""
        return self.values[f"TSHOP_{name.upper()}_PASSWORD"]


def picture(stack: Stack, engine: Engine) -> str:
    """Open the dashboard of the sales in a browser, as viewer, and take the picture that docs/compose.md shows."""
    served = Served(f"http://127.0.0.1:{stack.values['TSHOP_SUPERSET_PORT']}", stack.values)
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": dashboards.LAPTOP[0], "height": 3000})
        dashboards.log_in(page, served, "viewer")
        dashboards.open_dashboard(page, served, "t-shop", SHOWN["t-shop"])
        wrong = dashboards.failures(page)
        assert not wrong, wrong[0]
        empty = page.get_by_text("No results were returned").count()
        assert not empty, f"{empty} charts have no data"
        dashboards.picture(page, dashboards.LAPTOP, stack.folder / PICTURE)
    return f"{SHOWN['t-shop']} charts: {PICTURE} in the engine's folder"


def more_days(stack: Stack, engine: Engine) -> str:
    """Add days by the service generator, and bring them to ClickHouse by a run of tshop_daily."""
    stack.compose("run", "--rm", "generator", "--from", "2026-01-04", "--to", "2026-01-05")
    stack.wait_for_run("tshop_daily", stack.start_run("tshop_daily"))
    newest = stack.ask_clickhouse("SELECT max(toDate(sold_at)) FROM tshop.sales")
    assert newest == "2026-01-05", newest
    return f"to {newest}: {compare(stack)}"


def heal(stack: Stack, engine: Engine) -> str:
    """Take rows out of ClickHouse, and have tshop_heal bring them again."""
    stack.ask_clickhouse("TRUNCATE TABLE tshop.daily_sales")
    stack.wait_for_run("tshop_heal", stack.start_run("tshop_heal"))
    return compare(stack)


def kept(stack: Stack) -> dict[str, Counter]:
    """Return what a stop has to keep: the rows of each table of the warehouse and of ClickHouse, and Airflow's runs."""
    rows = tables_of(stack.ask_warehouse)
    tables = "SELECT name FROM system.tables WHERE database = 'tshop' AND engine LIKE '%MergeTree' FORMAT TSV"
    for table in stack.ask_clickhouse(tables).split():
        hashes = stack.ask_clickhouse(f"SELECT cityHash64(*) FROM tshop.{table} FORMAT TSV")
        rows[f"ClickHouse's {table}"] = Counter(hashes.split())
    runs = stack.airflow("GET", "/api/v2/dags/tshop_daily/dagRuns?limit=100")["dag_runs"]
    return {**rows, "Airflow's runs": Counter(one["dag_run_id"] for one in runs)}


def tables_of(ask: Callable[[str], list[tuple]]) -> dict[str, Counter]:
    """Return the hashes of the rows of each table of the warehouse, or of the web shop.

    Args:
        ask: returns the rows of a query.
    """
    return {table: Counter(one for (one,) in ask(f"SELECT md5(t::text) FROM {table} AS t")) for (table,) in ask(KEPT)}


def kept_by_all(stack: Stack) -> dict[str, Counter]:
    """Return what a stop has to keep where all profiles are on, without what changes at rest."""
    of_the_shop = {f"the shop's {name}": rows for name, rows in tables_of(stack.ask_shop).items() if name not in BEATS}
    of_the_warehouse = {
        name: rows
        for name, rows in tables_of(stack.ask_warehouse).items()
        if name.startswith(OF_THE_LAYERS) and name not in BEATS
    }
    containers = stack.containers()
    files = {
        f"the files of {name}": Counter(stack.docker("exec", containers[name]["Id"], "sh", "-c", find).splitlines())
        for name, find in FILES.items()
    }
    places = {
        "landing.position": Counter(one for (one,) in stack.ask_warehouse(REACHED)),
        "shop.relay_state": Counter(one for (one,) in stack.ask_shop(SENT)),
        "Kafka's ends": Counter(
            stack.compose("run", "--rm", "--no-deps", "-T", "kafka-topics", "python", "-c", OFFSETS).split()
        ),
    }
    found = {**of_the_shop, **of_the_warehouse, **files, **places, "the marketplace's documents": documents(stack)}
    for name in (*FILES, *places, "the marketplace's documents"):
        assert found.get(name, found.get(f"the files of {name}")), f"{name}: nothing is there"
    return found


def documents(stack: Stack) -> Counter:
    """Return the documents of the marketplace, each as its collection and its hash."""
    run = ("run", "--rm", "--no-deps", "-T", "--entrypoint=python", "marketplace", "-c", DOCUMENTS)
    return Counter(stack.compose(*run).split())


def down_and_up_of_all(stack: Stack, engine: Engine) -> str:
    """Take the stack down and up again with all profiles: rows, documents, files and each reader's place are there."""
    arrived(stack)
    before = kept_by_all(stack)
    stack.down(volumes=False)
    seconds = stack.up(*stack.profiles)
    after = kept_by_all(stack)
    differing = {
        name: f"{len(lost)} lost, {len(new)} new: {[*lost, *new][:4]}"
        for name, rows in before.items()
        if (lost := list((rows - after[name]).elements())) + (new := list((after[name] - rows).elements()))
    }
    assert not differing, differing
    counts = ", ".join(f"{len(before[name])} of {name}" for name in ("landing.position", "Kafka's ends"))
    return f"up again in {seconds:.0f} s; {sum(rows.total() for rows in before.values())} things as before ({counts})"


def upgrade(stack: Stack, engine: Engine) -> str:
    """Start the images and files of an earlier commit, and these on the volumes that they leave: rows and days stay."""
    tree = stack.folder / "before"
    commit = extract_commit_before(UPGRADE_BEFORE, tree)
    now = Stack(stack.program, stack.folder / "upgrade", "tshop-upgrade")
    # With the same secrets and ports.
    (stack.folder / "upgraded").mkdir(exist_ok=True)
    shutil.copy(now.folder / ".env", stack.folder / "upgraded" / ".env")
    before = Stack(stack.program, stack.folder / "upgraded", now.project, root=tree, tag="before")
    try:
        for name in ("migrate", "airflow-init", "superset-init"):
            before.compose("build", name)
        before.up()
        compare(before)
        columns = columns_of(before)
        rows = hashes(before, columns)
        before.down(volumes=False)
        seconds = now.up()
        after = hashes(now, columns)
        lost = {name: (one - after[name]).total() for name, one in rows.items() if one - after[name]}
        assert not lost, f"rows that are lost or changed: {lost}"
        now.compose("run", "--rm", "--no-deps", "-T", "migrate", "python", "-m", "migrations", "--check")
        said = now.docker("logs", now.containers()["migrate"]["Id"]).splitlines()
        (moved,) = (line.partition(";")[0] for line in said if " -> " in line)
        day = next_day(now)
        conf = {"generate": True, "date_from": day, "clients": 500, "products": 50}
        now.wait_for_run("tshop_daily", now.start_run("tshop_daily", conf))
        new = settled(now, day)
    finally:
        now.down(volumes=True)
    return (
        f"from {commit}: {moved}, healthy after {seconds:.0f} s, "
        f"{sum(one.total() for one in rows.values())} rows as before; then {new}"
    )


def large_shop(stack: Stack, engine: Engine) -> str:
    """Take the first days of five million clients to ClickHouse and the dashboards, within the limits of memory."""
    large = Stack(stack.program, stack.folder / "large", "tshop-large")
    limit = "TSHOP_SCHEDULER_MEMORY"
    large.write_env({**large.values, **LARGE, limit: read_env(ROOT / ".env.example")[limit]})
    try:
        seconds = large.up()
        ((clients,),) = large.ask_warehouse("SELECT count(*) FROM raw.client")
        assert clients >= int(LARGE["TSHOP_CLIENTS"]), clients
        with large.watching_memory():
            seen = f"{compare(large)}; {dashboard(large, engine)}"
        containers = large.containers()
        # What was started again counts from nought, and what has ended cannot be asked.
        again = [name for name, one in containers.items() if one["RestartCount"] or one["State"]["OOMKilled"]]
        assert not again, f"ended by the limit, or started again: {again}"
        ended = {name: ended_by_the_limit(large, one["Id"]) for name, one in running_services(large).items()}
        assert not any(ended.values()), f"processes that were ended by the limit: {ended}"
        limits = {name: containers[name]["HostConfig"]["Memory"] for name in large.memory if name in containers}
        for name, limit in sorted(limits.items()):
            print(f"    {name}: {large.memory[name] / 2**20:.0f} of {limit / 2**20:.0f} MiB", flush=True)
    finally:
        large.down(volumes=True)
    return f"{clients} clients in {seconds:.0f} s: {seen}"


def extract_commit_before(file: str, folder: Path, root: Path = ROOT) -> str:
    """Write the files of the commit before the one that brought a file into a folder; return its short number."""
    log = ["git", "log", "-1", "--diff-filter=A", "--format=%h^", "--", file]
    answer = subprocess.run(log, cwd=root, capture_output=True, text=True, check=False)
    parse = ["git", "rev-parse", "--short", "--verify", "--quiet", answer.stdout.strip()]
    commit = subprocess.run(parse, cwd=root, capture_output=True, text=True, check=False).stdout.strip()
    assert commit, f"the history of git has no commit before {file}: clone it as a whole\n{answer.stderr}".strip()
    files = subprocess.run(["git", "archive", commit], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(folder, filter="data")
    return commit


def columns_of(stack: Stack) -> dict[str, str]:
    """Return the columns of each table of the layers, as a list in SQL."""
    listed = """
SELECT table_schema || '.' || table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
FROM information_schema.columns
WHERE table_schema IN ('raw', 'dds', 'cdm') AND is_generated = 'NEVER'
GROUP BY 1
"""
    tables = {table for (table,) in stack.ask_warehouse(KEPT)}
    return {table: columns for table, columns in stack.ask_warehouse(listed) if table in tables}


def hashes(stack: Stack, columns: dict[str, str]) -> dict[str, Counter]:
    """Return the hashes of the rows of tables of the warehouse, by some of their columns."""
    return {
        table: Counter(one for (one,) in stack.ask_warehouse(f"SELECT md5(ROW({names})::text) FROM {table}"))
        for table, names in columns.items()
    }


def down_and_up(stack: Stack, engine: Engine) -> str:
    """Take the stack down and up again: every row and position is there."""
    before = kept(stack)
    stack.down(volumes=False)
    assert not stack.containers()
    seconds = stack.up(*stack.profiles)
    after = kept(stack)
    lost = {name: (rows - after[name]).total() for name, rows in before.items() if rows - after[name]}
    assert not lost, f"rows that are lost or changed: {lost}"
    # The jobs that run again leave their traces.
    more = {name for name, rows in before.items() if after[name] - rows}
    assert more <= {"sl.routine_version", "sl.run", "Airflow's runs"}, more
    return f"up again in {seconds:.0f} s; {sum(rows.total() for rows in before.values())} rows as before"


def kill_each(stack: Stack, engine: Engine) -> str:
    """Kill each service by SIGKILL, one after the other, while a run brings a new day: all heals, nothing is lost."""
    day = next_day(stack)
    run = stack.start_run("tshop_daily", {"generate": True, "date_from": day, "clients": 500, "products": 50})
    told = []
    # First those that the run needs, while it needs them.
    for name in sorted(running_services(stack), key=lambda name: (name not in NEEDED_BY_A_RUN, name)):
        if name in NEEDED_BY_A_RUN:
            state = stack.airflow("GET", f"/api/v2/dags/tshop_daily/dagRuns/{run}")["state"]
            assert state in ("queued", "running"), f"the run was {state} before {name} was killed"
        told.append(f"{name} {killed(stack, name):.0f}")
    stack.wait()
    stack.wait_for_run("tshop_daily", run)
    return f"seconds to be healthy: {', '.join(told)}; then {settled(stack, day)}"


def killed(stack: Stack, name: str) -> float:
    """Kill the first process of a service, and wait until it is healthy again; return the seconds.

    A kill by the engine would be taken for a wish that the service stays down.
    """
    end = time.monotonic() + HEALTHY_SECONDS
    # It may be starting again, since another that it needs was killed.
    while (before := stack.containers()[name])["State"]["Status"] != "running" and time.monotonic() < end:
        time.sleep(1)
    os.kill(pid_of(before), signal.SIGKILL)
    began = time.monotonic()
    while True:
        now = stack.containers()[name]["State"]
        if now.get("Health", {}).get("Status") == "healthy" and now["StartedAt"] != before["State"]["StartedAt"]:
            seconds = time.monotonic() - began
            stack.seconds_after_kill.setdefault(name, seconds)
            return seconds
        assert time.monotonic() < began + HEALTHY_SECONDS, f"{name} is {now['Status']}: {stack.troubles()}"
        time.sleep(1)


def kill_engine(stack: Stack, engine: Engine) -> str:
    """Kill the engine and all containers at once, while a run brings a new day, and start the engine again."""
    day = next_day(stack)
    run = stack.start_run("tshop_daily", {"generate": True, "date_from": day, "clients": 500, "products": 50})
    path = f"/api/v2/dags/tshop_daily/dagRuns/{run}"
    end = time.monotonic() + HEALTHY_SECONDS
    while (state := stack.airflow("GET", path)["state"]) == "queued" and time.monotonic() < end:
        time.sleep(1)
    assert state == "running", f"the run was {state} before the engine was killed"
    engine.crash()
    began = time.monotonic()
    engine.start()
    # Of the jobs, which a start of the engine does not run again, none is waited for.
    stack.wait()
    seconds = time.monotonic() - began
    stack.wait_for_run("tshop_daily", run)
    return f"all healthy after {seconds:.0f} s; then {settled(stack, day)}"


def next_day(stack: Stack) -> str:
    """Return the day after the newest that the generator has written."""
    newest = (
        "SELECT (max(sold_at AT TIME ZONE 'Europe/Moscow')::date + 1)::text FROM raw.sale WHERE sold_at < '2026-02-01'"
    )
    return stack.ask_warehouse(newest)[0][0]


def settled(stack: Stack, day: str) -> str:
    """Have one more run find nothing, the audit included, and compare the databases, which have a day."""
    stack.wait_for_run("tshop_daily", stack.start_run("tshop_daily"))
    lines = int(stack.ask_clickhouse(f"SELECT count() FROM tshop.sales WHERE toDate(sold_at) = '{day}'"))
    assert lines, f"{day} has not arrived"
    return f"{day} has {lines} lines: {compare(stack)}"


def wrong_secret(stack: Stack, engine: Engine) -> str:
    """Start jobs and ask servers with wrong passwords: each is refused, and says so."""
    told = [
        refused(stack, "TSHOP_AIRFLOW_STARTER_PASSWORD", "does not accept the password", "first-days"),
        refused(stack, "TSHOP_LOADER_PASSWORD", "password authentication failed", "generator", "--from", "2026-01-01"),
        refused(stack, "TSHOP_CLICKHOUSE_PASSWORD", "Authentication failed", "clickhouse-ddl"),
    ]
    for user in ("tshop", "tshop_dashboard", "default"):
        url = f"http://127.0.0.1:{stack.values['TSHOP_CLICKHOUSE_PORT']}/"
        status = httpx.post(url, content="SELECT 1", auth=(user, "wrong"), timeout=60).status_code
        assert status in (401, 403), f"{user}: {status}"
    names = {"username": "admin", "password": "wrong"}
    url = f"http://127.0.0.1:{stack.values['TSHOP_AIRFLOW_PORT']}/auth/token"
    assert httpx.post(url, json=names, timeout=60).status_code == 401
    return f"refused: {', '.join(told)}; clients of ClickHouse and Airflow"


def refused(stack: Stack, secret: str, says: str, service: str, *arguments: str) -> str:
    """Run a job with one secret that is wrong, and return the name of the service.

    Raises:
        AssertionError: it does not fail, does not say so, or tells a password.
    """
    wrong = stack.folder / "wrong.env"
    wrong.write_text("".join(f"{name}={value}\n" for name, value in {**stack.values, secret: "wrong1"}.items()))
    try:
        answer = subprocess.run(
            [*stack.command(env=wrong), "run", "--rm", "--no-deps", "-T", service, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HEALTHY_SECONDS,
            check=False,
        )
    finally:
        wrong.unlink()
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0, f"{service} takes a wrong {secret}"
    assert not holds(stack.folder, said), f"{service} tells a password"
    assert "wrong1" not in said, f"{service} tells a password"
    assert says in said, f"{service} says: {said[-1000:]}"
    return service


def logs(stack: Stack, engine: Engine) -> str:
    """Look for secrets in the log of each container, of those that were removed, of Airflow's tasks, and of Compose."""
    found = logs_with_secrets(stack.folder)
    containers = stack.containers()
    for name, container in containers.items():
        answer = subprocess.run(
            ["docker", "logs", container["Id"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        found += [name] if holds(stack.folder, answer.stdout) else []
    grep = ["grep", "--recursive", "--fixed-strings", "--files-with-matches", "--file=-", "/var/log/airflow"]
    answer = subprocess.run(
        ["docker", "exec", "--interactive", containers["airflow-scheduler"]["Id"], *grep],
        input="\n".join(secrets(stack.folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    # 1 is grep's status where nothing is found.
    assert answer.returncode in (0, 1), answer.stderr
    found += answer.stdout.split()
    assert not found, f"secrets are in {found}"
    return f"no secret in the logs of {len(containers)} containers, of Airflow's tasks and of Compose"


def logs_with_secrets(folder: Path) -> list[str]:
    """Return the logs that have a secret in them, of those in a folder and in its folders of services of their own."""
    return [
        str(log.relative_to(folder))
        for settings in (folder / ".env", *folder.glob("*/.env"))
        for log in sorted(settings.parent.glob("*.log"))
        if holds(settings.parent, log.read_text(errors="replace"))
    ]


def secrets(folder: Path) -> list[str]:
    """Return the values that nobody may see, of the services whose settings are in a folder."""
    values = read_env(folder / ".env")
    return [value for name, value in values.items() if re.search("PASSWORD|SECRET|KEY", name) and value]


def holds(folder: Path, text: str) -> bool:
    """Tell whether a text has a secret in it, of the services whose settings are in a folder."""
    return any(secret in text for secret in secrets(folder))


def jobs_again(stack: Stack, engine: Engine) -> str:
    """Run every job once more: none fails, and the marts stay equal."""
    jobs = [name for name in stack.wanted() if stack.is_job(name)]
    for name in jobs:
        stack.compose("run", "--rm", "--no-deps", "-T", name)
    return f"{', '.join(jobs)}: {compare(stack)}"


def stand_ins(stack: Stack, engine: Engine) -> str:
    """Look that an image that is no stand-in is not replaced."""
    aside = "tshop-aside"
    tag = next(line for line in make_stand_ins(stack, engine) if line.startswith("node:")).rpartition(": ")[0]
    stack.docker("tag", tag, aside)
    empty = stack.folder / "empty.tar"
    with tarfile.open(empty, "w"):
        pass
    stack.docker("import", str(empty), tag)
    try:
        lines = make_stand_ins(stack, engine)
    finally:
        stack.docker("tag", aside, tag)
        stack.docker("rmi", aside)
        empty.unlink()
    assert f"{tag}: image" in lines, lines
    return "; ".join(line for line in lines if not line.startswith(tag))


def make_stand_ins(stack: Stack, engine: Engine) -> list[str]:
    """Run the program that makes the stand-ins, and return the lines that it prints."""
    command = [sys.executable, MAKE, stack.folder, engine.socket]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.splitlines()


def live(stack: Stack, engine: Engine) -> str:
    """Open the web shop for a minute, and wait until raw equals it row by row, and ClickHouse the warehouse."""
    seconds = stack.up(*{*stack.profiles, "live"})
    stack.compose("run", "--rm", "-T", "live", "--rate", "20", "--minutes", "1")
    return f"up in {seconds:.0f} s; {arrived(stack)}"


def arrived(stack: Stack) -> str:
    """Wait until all that the shop has done is in raw and in ClickHouse; return how much."""
    shop = address(stack, "shop_monitor", "TSHOP_SHOP_MONITOR_PASSWORD", "TSHOP_SHOP_PORT", "shop")
    warehouse = address(stack, "tshop", "TSHOP_OWNER_PASSWORD", "TSHOP_POSTGRES_PORT", "tshop")
    due = "SELECT count(*) FROM sl.procedures_due()"
    lines = f"SELECT count(*) FROM raw.sale WHERE {WEB}"
    end = time.monotonic() + RUN_SECONDS
    while True:
        found = compare_shop(shop, warehouse)
        differing = {table: one.differences[:2] for table, one in found.items() if one.differences}
        if not differing and stack.ask_warehouse(due)[0][0] == 0:
            in_clickhouse = int(stack.ask_clickhouse(f"SELECT count() FROM tshop.sales WHERE {WEB}"))
            in_warehouse = stack.ask_warehouse(f"SELECT count(*) FROM cdm.sales_mart WHERE is_current AND {WEB}")[0][0]
            if in_clickhouse == in_warehouse > 0:
                break
            differing = {"lines": (in_clickhouse, in_warehouse)}
        assert time.monotonic() < end, f"{differing} {stack.troubles()}"
        stack.look_at_memory()
        time.sleep(5)
    rows = ", ".join(f"{table} {one.in_raw}" for table, one in found.items())
    assert stack.ask_warehouse(lines)[0][0] > 0
    return f"{rows}; ClickHouse has its {in_clickhouse} lines"


def address(stack: Stack, user: str, password: str, port: str, database: str) -> str:
    """Return the libpq URI of a database, by its port on this machine."""
    return f"postgresql://{user}:{stack.values[password]}@127.0.0.1:{stack.values[port]}/{database}"


def kill_live(stack: Stack, engine: Engine) -> str:
    """Kill each part of the live shop by SIGKILL while its application writes, and the shop's own server after that."""
    command = [*stack.command(), "run", "--rm", "-T", "live", "--rate", "20", "--minutes", "4"]
    log = stack.folder / "application.log"
    with log.open("w") as output:
        application = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    told = []
    try:
        for name in ("relay", "kafka", "stream", "spark-worker", "spark-master", "postgres"):
            assert application.poll() is None, f"the application ended before {name} was killed: {log.read_text()}"
            told.append(f"{name} {killed(stack, name):.0f}")
        assert application.wait(RUN_SECONDS) == 0, log.read_text()
    finally:
        application.terminate()
    # The application ends where its own server does.
    told.append(f"shop-postgres {killed(stack, 'shop-postgres'):.0f}")
    stack.wait()
    return f"seconds to be healthy: {', '.join(told)}; {arrived(stack)}"


def stores(stack: Stack, engine: Engine) -> str:
    """Take a week of the stores' files to ClickHouse."""
    stack.up(*{*stack.profiles, "stores"})
    runs = stack.airflow("GET", "/api/v2/dags/tshop_stores/dagRuns?limit=100")["dag_runs"]
    assert runs, "no run of tshop_stores was started"
    for run in runs:
        stack.wait_for_run("tshop_stores", run["dag_run_id"])
    ((landed,),) = stack.ask_warehouse("SELECT count(*) FROM raw.sale WHERE sale_id BETWEEN 3e12 AND 4e12")
    assert landed > 0
    return f"{len(runs)} runs, {landed} lines of stores: {compare(stack)}"


def marketplace(stack: Stack, engine: Engine) -> str:
    """Write days of the marketplace into its server, and take them to ClickHouse."""
    stack.up(*{*stack.profiles, "marketplace"})
    stack.compose("run", "--rm", "-T", "marketplace", "--days", "3")
    stack.wait_for_run("tshop_marketplace", stack.start_run("tshop_marketplace"))
    lines = "SELECT count(*) FROM raw.sale WHERE sale_id BETWEEN 2e12 AND 3e12"
    ((landed,),) = stack.ask_warehouse(lines)
    assert landed > 0
    before = documents(stack)
    seconds = killed(stack, "mongo")
    assert documents(stack) == before
    # It finds what it has read before, and nothing new.
    stack.wait_for_run("tshop_marketplace", stack.start_run("tshop_marketplace"))
    assert stack.ask_warehouse(lines) == [(landed,)]
    return f"{landed} lines of the marketplace; {seconds:.0f} s until healthy after SIGKILL to mongo: {compare(stack)}"


def marts_on_spark(stack: Stack, engine: Engine) -> str:
    """Have the cluster of Spark compute marts, which the DAG compares with the warehouse's."""
    stack.up(*{*stack.profiles, "spark"})
    stack.wait_for_run("tshop_marts_spark", stack.start_run("tshop_marts_spark"))
    marts = ("user_sales", "product_sales", "region_sales")
    rows = {name: stack.ask_warehouse(f"SELECT count(*) FROM spark.{name}")[0][0] for name in marts}
    assert all(rows.values()), rows
    return ", ".join(f"spark.{name} {count}" for name, count in rows.items())


def notebooks(stack: Stack, engine: Engine) -> str:
    """Log in to JupyterHub, have it start a user's server, and look at the notebooks there."""
    stack.up(*{*stack.profiles, "notebooks"})
    base = f"http://127.0.0.1:{stack.values['TSHOP_NOTEBOOKS_PORT']}"
    with httpx.Client(base_url=base, follow_redirects=True, timeout=120) as client:
        client.get("/hub/login")
        token = {"_xsrf": client.cookies.get("_xsrf", path="/hub/")}
        wrong = client.post("/hub/login", data={"username": "analyst", "password": "wrong", **token})
        assert wrong.status_code == 403, wrong.status_code
        names = {"username": "analyst", "password": stack.values["TSHOP_NOTEBOOKS_PASSWORD"]}
        client.post("/hub/login", data={**names, **token}).raise_for_status()
        end = time.monotonic() + HEALTHY_SECONDS
        # Their server starts, and lets in who has opened a page of it.
        while not (page := client.get("/user/analyst/lab")).url.path.startswith("/user/analyst/lab"):
            assert time.monotonic() < end, page.text[:500]
            time.sleep(2)
        listing = client.get("/user/analyst/api/contents").raise_for_status().json()
        names = sorted(one["name"] for one in listing["content"])
    assert any(name.endswith(".py") for name in names), names
    seconds = killed(stack, "notebooks")
    return (
        f"a wrong password is refused; the analyst has {', '.join(names)}; {seconds:.0f} s until healthy after SIGKILL"
    )


def memory_limit(stack: Stack, engine: Engine) -> str:
    """Have a query take more memory than PostgreSQL's container may: the kernel ends it, and the server recovers."""
    greedy = (
        "SET work_mem = '8GB'; "
        "SELECT count(DISTINCT md5(g::text) || repeat('x', 400)) FROM generate_series(1, 9000000) AS g"
    )
    container = stack.containers()["postgres"]
    number, limits = container["Id"], container["HostConfig"]
    before = ended_by_the_limit(stack, number)
    stack.docker("update", "--memory=1g", "--memory-swap=1g", number)
    psql = ["psql", "--no-psqlrc", "--username=postgres", "--command", greedy, "tshop"]
    try:
        said = stack.docker("exec", number, *psql, check=False)
    finally:
        stack.docker("update", f"--memory={limits['Memory']}", f"--memory-swap={limits['MemorySwap']}", number)
    assert "server closed the connection" in said, said
    ended = ended_by_the_limit(stack, number) - before
    assert ended > 0, "no process was ended by the limit"
    stack.wait()
    stack.wait_for_run("tshop_daily", stack.start_run("tshop_daily"))
    return f"{ended} process ended by the limit, psql: {said.strip().splitlines()[0]}; recovered: {compare(stack)}"


def ended_by_the_limit(stack: Stack, container: str) -> int:
    """Return how many processes of a container the kernel has ended for its limit of memory."""
    # Of the first and of the second version of control groups.
    files = "cat /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events 2>/dev/null || true"
    counts = stack.docker("exec", container, "sh", "-c", files)
    return int(re.search(r"^oom_kill (\d+)$", counts, re.MULTILINE)[1])


def full_volume(stack: Stack, engine: Engine) -> str:
    """Fill the volume of another PostgreSQL, write days of the shop, make room, and write them again."""
    in_memory = {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1g,uid=999"}}
    small = Stack(stack.program, stack.folder / "small", "tshop-small", volumes={"postgres": in_memory})
    # More than there is room for, in segments of the write-ahead log that are there, too.
    small.write_env({**small.values, "TSHOP_CLIENTS": "200000"})
    days = ("--from", "2026-01-01", "--to", "2026-01-03")
    generate = ["run", "--rm", "--no-deps", "-T", "generator", *days]
    try:
        small.compose("up", "--detach", "--no-build", "migrate")
        # It waits for the job that was started.
        small.compose("run", "--rm", "-T", "generator", "--help")
        server = small.containers()["postgres"]["Id"]
        # Room for 8 MiB.
        ballast = "head --bytes=$(($(df --output=avail --block-size=1 . | tail -1) - 8388608)) /dev/zero >ballast"
        small.docker("exec", "--workdir=/var/lib/postgresql", server, "bash", "-c", ballast)
        answer = subprocess.run([*small.command(), *generate], capture_output=True, text=True, check=False)
        assert not holds(small.folder, answer.stdout + answer.stderr), "the generator tells a password"
        said = (answer.stdout + answer.stderr).strip().splitlines()[-1]
        assert answer.returncode != 0, said
        assert "the disk is full" in said, said
        small.docker("exec", "--workdir=/var/lib/postgresql", server, "rm", "ballast", check=False)
        end = time.monotonic() + HEALTHY_SECONDS
        while small.containers()["postgres"]["State"]["Health"]["Status"] != "healthy":
            assert time.monotonic() < end, small.troubles()
            time.sleep(1)
        counts = []
        for _ in range(2):
            small.compose(*generate)
            counts.append(small.ask_warehouse("SELECT count(*), sum(amount) FROM raw.sale")[0])
        assert counts[0] == counts[1], counts
        assert counts[0][0] > 0
    finally:
        small.down(volumes=True)
    return f"{said}; with room again: {counts[0][0]} lines of orders, written again the same"


CHECKS = {
    "stand-ins": stand_ins,
    "build": images,
    # Before the others, which take the memory.
    "upgrade": upgrade,
    "large-shop": large_shop,
    "up": up,
    "first-days": first_days,
    "contained": contained,
    "ports": ports,
    "reach": reach,
    "dashboard": dashboard,
    "picture": picture,
    "more-days": more_days,
    "heal": heal,
    "jobs-again": jobs_again,
    "wrong-secret": wrong_secret,
    "down-up": down_and_up,
    "kill-each": kill_each,
    "memory-limit": memory_limit,
    "full-volume": full_volume,
    "kill-engine": kill_engine,
    "live": live,
    "kill-live": kill_live,
    "marts-on-spark": marts_on_spark,
    "stores": stores,
    "marketplace": marketplace,
    "notebooks": notebooks,
    # With all profiles on.
    "contained-all": contained,
    "ports-all": ports,
    "reach-all": reach,
    "down-up-all": down_and_up_of_all,
    # Of all that ran.
    "logs": logs,
}
