"""Notebooks: JupyterLab on the stack, what its kernels may do and know, and JupyterHub of docker-compose.yml."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import psutil
import pytest
from conftest import compose_file, run_module, run_psql
from websockets.sync.client import ClientConnection, connect

from clickhouse.definitions import pending
from docs import dashboards
from embedded import main_job, notebooks, reach, stack
from embedded.environment import NOTEBOOKS_BIN, NOTEBOOKS_TOKEN, SPARK_BIN
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import PORTS, ROOT, Settings
from sources.jars import jars_of, missing
from tests.ports import free_port

FOLDER = ROOT / "notebooks"
FILES = sorted(FOLDER.glob("*.py"))
pytestmark = pytest.mark.skipif(
    not notebooks.is_installed(), reason="The notebooks' environment is not made: 'make setup-notebooks' makes it"
)


class Kernel:
    """A kernel of a running Jupyter server, by the socket that its pages have to it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def run(self, code: str) -> str:
        """Run a cell and return what it printed; an error's name and text where it ended by one."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "", "session": ""}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        printed = ""
        while True:
            answer = json.loads(self.socket.recv(timeout=120))
            if answer["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            content = answer["content"]
            if answer["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif answer["msg_type"] == "error":
                printed += f"{content['ename']}: {content['evalue']}"
            elif answer["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed.strip()


@contextlib.contextmanager
def kernel_of(client: httpx.Client, headers: dict[str, str]) -> Iterator[Kernel]:
    """Start a kernel.

    :param client: who is logged in to the server, with its address
    :param headers: by what the server knows him
    """
    answer = client.post("api/kernels", headers=headers)
    assert answer.is_success, answer.text
    address = f"{str(client.base_url).rstrip('/')}/api/kernels/{answer.json()['id']}/channels"
    with connect(address.replace("http://", "ws://"), additional_headers=headers, max_size=None) as socket:
        yield Kernel(socket)


def in_environment(code: str, *arguments: str) -> str:
    """Run a program in the notebooks' Python environment and return what it printed."""
    answer = subprocess.run(
        [NOTEBOOKS_BIN / "python", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


# --- the files --------------------------------------------------------------------------------------------------------


def test_git_has_the_notebooks_as_code_which_saving_does_not_change(tmp_path: Path):
    listed = subprocess.run(["git", "ls-files", "*.ipynb"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert listed == ""
    assert len(FILES) == 3
    shutil.copytree(FOLDER, tmp_path / "notebooks")
    # As JupyterLab opens and saves them, with an output.
    code = """
        import sys, nbformat, jupytext
        manager = jupytext.TextFileContentsManager(root_dir=sys.argv[1])
        for name in sys.argv[2:]:
            model = manager.get(name, type="notebook")
            cells = [cell for cell in model["content"].cells if cell.cell_type == "code"]
            cells[0].outputs = [nbformat.v4.new_output("stream", text="a figure")]
            cells[0].execution_count = 1
            manager.save(model, name)
    """
    in_environment(textwrap.dedent(code), str(tmp_path / "notebooks"), *(file.name for file in FILES))
    for file in FILES:
        assert (tmp_path / "notebooks" / file.name).read_text() == file.read_text()


def test_each_section_asks_a_question_and_has_it_in_russian():
    for file in FILES:
        headings = re.findall(r"^# (#+) (.+)\n#\n# (.*)$", file.read_text(), re.MULTILINE)
        assert len(headings) == len(re.findall(r"^# #", file.read_text(), re.MULTILINE)) >= 4
        for level, english, russian in headings:
            assert level == "#" or english.endswith("?"), english
            assert re.fullmatch(r"\*[А-ЯЁ][а-яё ,-]+\??\*", russian), russian
            assert english.endswith("?") is russian.endswith("?*"), english


# --- what a shop older than the default one shows ---------------------------------------------------------------------


class Shop:
    """A shop of few orders, each of 100 roubles or as many as are named, that is loaded and built as days come."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.orders = 0

    def run(self, *statements: str) -> None:
        """Run statements, each in a transaction of its own."""
        for statement in statements:
            answer = run_psql(self.dsn, "-c", statement)
            assert answer.returncode == 0, answer.stderr

    def sell(self, day: str, amount: int = 100, channel: str = "web") -> None:
        """Have an order of one line written to raw."""
        self.orders += 1
        at, number = f"{day} 12:00+03", self.orders
        self.run(
            "INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, channel, region, updated_at) "
            f"VALUES ({number}, '{at}', 'Paid', {amount}, '{channel}', 'North', '{at}');"
            "INSERT INTO raw.sale (sale_id, order_id, sold_at, product_id, quantity, amount, updated_at) "
            f"VALUES ({number}, {number}, '{at}', 1, 1, {amount}, '{at}')"
        )

    def order(self, client: int, day: str) -> None:
        """Have an order of a client written to raw, and loaded."""
        self.sell(day)
        self.run(f"UPDATE raw.sales_order SET client_id = {client} WHERE order_id = {self.orders}")

    def report(self) -> None:
        """Load what came, and build what the notebook asks."""
        self.run(
            "CALL dds.load_product()",
            "CALL dds.load_sales_order()",
            "CALL dds.load_sale()",
            "CALL cdm.build_mart()",
            "CALL cdm.build_daily_sales()",
        )

    def show(self, notebook: str, headings: tuple[str, ...], expression: str) -> str:
        """Run a notebook's cells under some headings and return what an expression gives after them."""
        code = """
            import os, re, sys
            import jupytext
            sys.path.append(sys.argv[1])
            heading, names = "", {}
            for place, cell in enumerate(jupytext.read(sys.argv[2])["cells"]):
                if cell.cell_type == "markdown":
                    heading = next(iter(re.findall("^##? (.*)$", cell.source, re.MULTILINE)), heading)
                elif place == 1 or heading in sys.argv[4:]:
                    exec(cell.source, names)
            print(eval(sys.argv[3], names))
        """
        place = str(FOLDER / f"{notebook}.py")
        answer = subprocess.run(
            [NOTEBOOKS_BIN / "python", "-c", textwrap.dedent(code), str(FOLDER / "lib"), place, expression, *headings],
            env={**os.environ, "WAREHOUSE_DSN": self.dsn, "MPLBACKEND": "agg", "PGOPTIONS": "-c role=tshop_analyst"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.splitlines()[-1]


@pytest.fixture
def shop(warehouse: str) -> Shop:
    """A shop that has sold nothing yet."""
    return Shop(warehouse)


LAST_WEEK = ("What did each report say of last week?", "Why did last week's report change?")


def test_a_report_says_nothing_of_days_that_it_did_not_know(shop: Shop) -> None:
    # Two weeks, Monday to Sunday. The first report is of neither of them, the next of the last one's first days alone.
    for day in ("2026-01-28", "2026-02-01"):
        shop.sell(day)
    shop.report()
    for day in ("2026-02-02", "2026-02-06"):
        shop.sell(day)
    shop.report()
    for day in ("2026-02-07", "2026-02-08"):
        shop.sell(day)
        shop.report()
    # Two more reports to the same day, by the hour: the last of them counts.
    shop.sell("2026-02-07", 50, "store")
    shop.report()
    shop.sell("2026-02-09", 10)
    shop.report()
    shop.sell("2026-02-02", 30, "store")
    shop.report()
    shown = "table.fillna(0).astype(int).to_numpy().tolist(), list(table.columns)"
    assert shop.show("history", LAST_WEEK, shown) == str(
        (
            [[100, 100, 100, 130], [100, 100, 100, 100], [0, 100, 150, 150], [0, 0, 100, 100]],
            ["to 06 Feb", "to 07 Feb", "to 08 Feb", "to 09 Feb"],
        )
    )
    assert shop.show("history", LAST_WEEK, "(then.knows, *map(float, totals.net[['then', 'now']]))") == (
        "(datetime.date(2026, 2, 8), 450.0, 480.0)"
    )
    settled = "dict(zip(map(str, settled.sold_on), settled.percent.astype(float)))"
    # Of 7 February the report to that day knew the web alone.
    assert shop.show("history", ("When does a figure settle?",), settled) == str(
        {
            "2026-01-28": 0.0,
            "2026-02-01": 0.0,
            "2026-02-02": 30.0,
            "2026-02-06": 0.0,
            "2026-02-07": 50.0,
            "2026-02-08": 0.0,
            "2026-02-09": 0.0,
        }
    )


def test_a_shop_without_a_whole_week_is_told_so(shop: Shop) -> None:
    shown = (LAST_WEEK[:1], "week")
    for _days in range(2):
        with pytest.raises(AssertionError, match="ValueError: The shop has no week that is over yet: run this again"):
            shop.show("history", *shown)
        for day in ("2026-02-03", "2026-02-07"):
            shop.sell(day)
        shop.report()
    shop.sell("2026-02-08")
    shop.report()
    assert "datetime.date(2026, 2, 8)" in shop.show("history", *shown)


def test_a_channel_that_sells_nothing_any_more_changes_its_day(shop: Shop) -> None:
    shop.sell("2026-02-02")
    shop.sell("2026-02-02", 25, "store")
    shop.report()
    shop.sell("2026-02-03")
    shop.report()
    shop.run("UPDATE raw.sales_order SET is_deleted = true, updated_at = '2026-02-04 12:00+03' WHERE order_id = 2")
    shop.report()
    shown = shop.show("history", ("When does a figure settle?",), "settled.percent.astype(float).tolist()")
    assert shown == "[-20.0, 0.0]"


def test_a_week_in_which_nobody_came_back_is_zero_and_one_to_come_empty(shop: Shop) -> None:
    # Two clients of one cohort, of whom one comes in its fourth week; one of the last week. Nobody has an age of 1.
    for client, day in ((1, "2026-01-05"), (2, "2026-01-06"), (1, "2026-01-28"), (3, "2026-01-29")):
        shop.order(client, day)
    shop.report()
    shown = "shares.iloc[:, 1:].to_numpy().tolist(), list(shares.columns)"
    assert shop.show("analysis", ("How many of a week's new clients come back?",), shown) == str(
        (
            [[0.0, 0.0, 50.0], [float("nan")] * 3],
            ["new clients", "week 1", "week 2", "week 3"],
        )
    )


def test_a_price_of_nothing_and_a_product_without_a_size_are_shown(shop: Shop) -> None:
    shop.run(
        "INSERT INTO raw.product (product_id, name, price, updated_at) VALUES (1, 'Шарф', 0, '2026-02-01 12:00+03')",
        "CALL dds.load_product()",
    )
    for day, price in (("2026-02-02", 50), ("2026-02-03", 75)):
        shop.run(
            f"UPDATE raw.product SET price = {price}, updated_at = '{day} 12:00+03' WHERE product_id = 1",
            "CALL dds.load_product()",
        )
    drawn = "set(prices.name), [line.get_ydata().tolist() for line in axes.lines]"
    shown = shop.show("history", ("How did a price move?",), drawn)
    assert shown == "({'Шарф'}, [[0.0, 100.0, 150.0, 150.0]])"


# --- JupyterLab on the stack ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settings(scratch: Path) -> Iterator[Settings]:
    """A stack without data, on which JupyterLab runs."""
    parts = ("postgres", "clickhouse", "airflow", "notebooks")
    settings = Settings(
        scratch / "notebooks", {part: free_port() for part in parts}, postgres_settings=dict(THROW_AWAY_SETTINGS)
    )
    running = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        main_job.migrate(running)
        with contextlib.closing(reach.clickhouse_client(settings, database="default")) as client:
            for step in pending(lambda query: client.query(query).result_rows):
                client.command(step.statement)
        notebooks.start(settings)
        yield settings
    finally:
        running.stop()
        stack.remove(settings)


@pytest.fixture(scope="module")
def kernel(settings: Settings) -> Iterator[Kernel]:
    """A kernel of this JupyterLab that has imported what notebooks ask by."""
    headers = {"Authorization": f"token {settings.secret(NOTEBOOKS_TOKEN)}"}
    with httpx.Client(base_url=settings.notebooks_url, timeout=60) as client, kernel_of(client, headers) as kernel:
        assert kernel.run("from tshop import clickhouse, postgres, spark, table") == ""
        yield kernel


def test_nobody_comes_in_without_the_token(settings: Settings):
    for path in ("/api/contents/first_look.py", "/api/kernels"):
        assert httpx.get(settings.notebooks_url + path).status_code == 403
    token = {"Authorization": f"token {settings.secret(NOTEBOOKS_TOKEN)}"}
    answer = httpx.get(f"{settings.notebooks_url}/api/contents/first_look.py?type=notebook", headers=token)
    assert [cell["cell_type"] for cell in answer.json()["content"]["cells"][:2]] == ["markdown", "code"]
    listening = {
        address.laddr.ip
        for address in psutil.net_connections("tcp")
        if address.status == "LISTEN" and address.laddr.port == settings.ports["notebooks"]
    }
    assert listening == {"127.0.0.1"}


def test_a_kernel_asks_as_the_analyst_and_as_the_dashboards_reader(kernel: Kernel):
    assert kernel.run("print(postgres('SELECT current_user AS who').who[0])") == "tshop_analyst"
    assert kernel.run("print(clickhouse('SELECT count() AS n FROM tshop.sales').n[0])") == "0"
    assert kernel.run("print(postgres('SELECT count(*) AS n FROM dds.client').n[0])") == "0"
    assert "permission denied" in kernel.run("postgres('SELECT count(*) FROM raw.client')")
    assert "read-only transaction" in kernel.run("postgres('CREATE TEMPORARY TABLE mine (a int)')")
    # What the reader is not granted, and the owner is.
    assert "ACCESS_DENIED" in kernel.run("clickhouse('SELECT count() FROM tshop.applied_file')")


def test_values_are_bound_and_decimals_become_numbers(kernel: Kernel):
    hostile = "'; DROP TABLE dds.client; -- "
    answer = kernel.run(f"print(postgres('SELECT %(a)s::text AS a, 1.5::numeric AS b', a={hostile!r}).to_dict('list'))")
    assert answer == str({"a": [hostile], "b": [1.5]})
    answer = kernel.run(
        f"print(clickhouse('SELECT {{a:String}} AS a, toDecimal64(1.5, 2) AS b', a={hostile!r}).to_dict('list'))"
    )
    assert answer == str({"a": [hostile], "b": [1.5]})


def test_a_kernel_knows_no_other_secret(settings: Settings, kernel: Kernel):
    known = unquote(kernel.run("import os; print(os.environ)"))
    held = {file.name for file in (settings.home / "secrets").iterdir() if file.read_text().strip() in known}
    assert held == {"warehouse_analyst", "clickhouse_dashboard"}


@pytest.mark.skipif(
    not (SPARK_BIN / "python").exists() or "java" in missing() or not any(jars_of("spark").glob("*.jar")),
    reason="Spark is not set up: 'make setup-spark' (it needs Java and Maven)",
)
def test_a_kernel_reads_the_warehouse_on_spark(settings: Settings, kernel: Kernel):
    code = "print(table('sl.no_such', 'a').count())"
    assert "does not exist" in kernel.run(code)
    assert kernel.run("print(table('dds.client', 'client_id').filter('is_current').toPandas().shape[0])") == "0"
    # Ranges there are where statistics are; and orders of guests.
    orders = """
        INSERT INTO raw.sales_order (order_id, client_id, ordered_at, status, total_amount, channel, region, updated_at)
        SELECT n, CASE WHEN n % 3 > 0 THEN n END, d.day, 'Paid', 1, 'web', 'North', d.day
        FROM generate_series(1, 3000) AS n, (SELECT timestamptz '2026-01-05 12:00+03' AS day) AS d
    """
    for statement in (orders, "CALL dds.load_sales_order()", "ANALYZE dds.sales_order"):
        answer = run_psql(settings.warehouse_dsn, "-c", statement)
        assert answer.returncode == 0, answer.stderr
    read = "table('dds.sales_order', 'client_id')"
    assert kernel.run(f"frame = {read}; print(frame.rdd.getNumPartitions(), frame.count())") == "4 3000"
    assert kernel.run("print(frame.filter('client_id IS NULL').count())") == "1000"


def test_jdbc_is_told_what_libpq_is() -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import tshop; print(*tshop._jdbc(sys.argv[2]))"
    for dsn, told in (
        ("postgresql://u:p%40@[::1]:5433/d", "jdbc:postgresql://[::1]:5433/d {'user': 'u', 'password': 'p@'}"),
        ("postgresql://u@h/d?sslmode=require", "jdbc:postgresql://h:5432/d {'user': 'u', 'sslmode': 'require'}"),
        ("postgresql://u@g:1,h:2/d?connect_timeout=9", "jdbc:postgresql://g:1,h:2/d {'user': 'u'}"),
        ("postgresql://u@g,h/d", "jdbc:postgresql://g:5432,h:5432/d {'user': 'u'}"),
    ):
        assert in_environment(code, str(FOLDER / "lib"), dsn) == f"{told}\n"


def test_where_spark_is_not_set_up_a_sentence_says_what_to_do(settings: Settings):
    code = "import sys; sys.path.append(sys.argv[1]); import tshop\n"
    tried = "try: tshop.spark()\nexcept ImportError as error: print(error)"
    assert in_environment(code + tried, str(FOLDER / "lib")) == ("Spark is not set up here: run 'make setup-spark'.\n")


def test_starting_again_leaves_what_runs(settings: Settings):
    running = stack.Stack(settings)
    before = running.pid(stack.NOTEBOOKS)
    notebooks.start(settings)
    assert running.pid(stack.NOTEBOOKS) == before
    assert ("JupyterLab", "healthy") in {(title, health) for title, _state, health in running.status()}


def test_where_there_is_no_stack_one_sentence_says_so(tmp_path: Path):
    ports = {variable: str(free_port()) for variable, _default in PORTS.values()}
    answer = run_module("embedded.notebooks", TSHOP_HOME=str(tmp_path / "home"), **ports)
    assert answer.returncode == 1
    assert answer.stderr == "Error: The embedded stack is not running: start it by 'make run'.\n"


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed: 'apt-get install chromium'")
def test_a_double_click_opens_a_file_as_a_notebook_with_a_kernel(settings: Settings):
    before = {file: file.read_bytes() for file in FILES}
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page()
        page.set_default_timeout(dashboards.TIMEOUT_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{settings.notebooks_url}/lab?token={settings.secret(NOTEBOOKS_TOKEN)}")
        page.locator(".jp-DirListing-item", has_text="first_look.py").dblclick()
        page.locator(".jp-Notebook .jp-MarkdownOutput h1", has_text="A first look at the shop").wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        assert page.locator(".jp-Dialog").count() == 0
        assert [url for url in asked if not url.startswith((settings.notebooks_url, "data:", "blob:", "ws:"))] == []
    assert {file: file.read_bytes() for file in FILES} == before


# --- JupyterHub of docker-compose.yml ---------------------------------------------------------------------------------

SERVICE = compose_file()["services"]["notebooks"]


def node_version() -> int:
    """Return the version of Node.js, 0 where it or npm is missing."""
    if not shutil.which("npm") or not shutil.which("node"):
        return 0
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return int(re.match(r"v(\d+)", said)[1])


@pytest.fixture(scope="module")
def hub(settings: Settings, scratch: Path) -> Iterator[str]:
    """Address of JupyterHub as the service runs it, with the proxy that its image has."""
    folder = scratch / "hub"
    shutil.copytree(ROOT / "docker" / "notebooks", folder)
    answer = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    port = free_port()
    places = {
        "/opt/tshop/": f"{ROOT}/",
        "/home/notebooks": str(folder / "homes"),
        "0.0.0.0:8000": f"127.0.0.1:{port}",
        "@postgres:5432": f"@127.0.0.1:{settings.ports['postgres']}",
        "@clickhouse:8123": f"@127.0.0.1:{settings.ports['clickhouse']}",
        "TSHOP_ANALYST_PASSWORD": settings.secret("warehouse_analyst"),
        "TSHOP_DASHBOARD_PASSWORD": settings.secret("clickhouse_dashboard"),
    }
    environment = {"PATH": f"{NOTEBOOKS_BIN}:{folder / 'node_modules' / '.bin'}:{os.environ['PATH']}"}
    for name, value in SERVICE["environment"].items():
        text = re.sub(r"\$\{(\w+)(:-([^}]*))?[^}]*\}", lambda found: found[3] or found[1], value)
        for place, here in places.items():
            text = text.replace(place, here)
        environment[name] = str(free_port()) if name.endswith("_PORT") else text
    (folder / "homes").mkdir()
    # A container runs it as no root.
    command = [*SERVICE["command"], '--Spawner.args=["--allow-root"]']
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        *check, code = SERVICE["healthcheck"]["test"][1:]
        code = code.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        try:
            end = time.monotonic() + 60
            while subprocess.run([*check, code], env=environment, capture_output=True, check=False).returncode != 0:
                assert process.poll() is None, (folder / "log").read_text()[-3000:]
                assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}"
        finally:
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()


@pytest.mark.skipif(node_version() < 20, reason="Node.js 20 with npm is missing: 'node --version'")
def test_a_user_of_the_hub_gets_the_notebooks_and_asks_the_servers(hub: str, scratch: Path):
    homes = scratch / "hub" / "homes"
    (homes / "analyst").mkdir()
    (homes / "analyst" / "history.py").write_text("# mine\n")
    with httpx.Client(base_url=hub, follow_redirects=True, timeout=60) as client:
        form = re.search(r'name="_xsrf" value="([^"]+)"', client.get("/hub/login").text)[1]
        for name, password, status in (
            ("analyst", "another password", 403),
            ("stranger", "TSHOP_NOTEBOOKS_PASSWORD", 403),
            ("analyst", "TSHOP_NOTEBOOKS_PASSWORD", 200),
        ):
            answer = client.post("/hub/login", data={"username": name, "password": password, "_xsrf": form})
            assert answer.status_code == status, name
        end = time.monotonic() + 60
        while not (answer := client.get("/user/analyst/lab")).url.path.startswith("/user/analyst/lab"):
            assert time.monotonic() < end, answer.text
            time.sleep(0.3)
        names = {item["name"] for item in client.get("/user/analyst/api/contents").json()["content"]}
        assert {file.name for file in FILES} <= names
        assert (homes / "analyst" / "history.py").read_text() == "# mine\n"
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
        xsrf = next(cookie.value for cookie in client.cookies.jar if cookie.name == "_xsrf" and "user" in cookie.path)
        client.base_url = f"{hub}/user/analyst/"
        asked = "postgres('SELECT current_user AS who').who[0], clickhouse('SELECT count() AS n FROM tshop.sales').n[0]"
        with kernel_of(client, {"Cookie": cookies, "X-XSRFToken": xsrf}) as kernel:
            assert kernel.run(f"from tshop import clickhouse, postgres; print({asked})") == "tshop_analyst 0"
            assert "ACCESS_DENIED" in kernel.run("clickhouse('SELECT count() FROM tshop.applied_file')")
            assert "JUPYTERHUB_PASSWORD" not in kernel.run("import os; print(os.environ)")
