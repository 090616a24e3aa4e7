"""People are told of a failed task: once, what they need to know, no secret, and to no harm of the task."""

import json
import os
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest
from conftest import ROOT
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from test_clickhouse import execute

from embedded.environment import warehouse_connection
from tests.ports import free_port

BIN = Path(sys.executable).parent
TELEGRAM = "api.telegram.org"
TOKEN = "123456789:AAsecretsecretsecretsecretsecretsec"
CHAT = "-1001234567890"
CHANNEL = f"tgram://{TOKEN}/{CHAT}/"
# A DAG as ours are, whose retries do not keep a test waiting.
DAG = """
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from tshop_operators import DEFAULT_ARGUMENTS, SHORT, TEMPLATES, CallOperator

QUICK = {"retries": 1, "retry_delay": timedelta(seconds=1), "retry_exponential_backoff": 0}
with DAG("tshop_alarm", schedule=None, template_searchpath=TEMPLATES, default_args={**DEFAULT_ARGUMENTS, **QUICK}):
    load = CallOperator(task_id="load_client", procedure="dds.load_client", execution_timeout=SHORT)
    load >> CallOperator(task_id="load_sale", procedure="dds.load_sale", execution_timeout=SHORT)
    BashOperator(task_id="generate", bash_command="exit 3", execution_timeout=SHORT)
    CallOperator(task_id="load_product", procedure="dds.load_product", execution_timeout=SHORT)
"""


def certificate(folder: Path) -> Path:
    """Make a certificate of Telegram's name and return the file that holds it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TELEGRAM)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(TELEGRAM)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "telegram.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + private)
    return file


class Telegram:
    """The Bot API on a port of this machine, reached as through a proxy, so that the client does all that it ever does.

    Attributes:
        received: path and body of each request.
        answer: status and body of the answers; None lets the client wait.
    """

    def __init__(self, folder: Path) -> None:
        self.received: list[tuple[str, dict]] = []
        self.answer: tuple[int, dict] | None = (200, {"ok": True, "result": {"message_id": 1}})
        self.released = threading.Event()
        self.file = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
                self.close_connection = False

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.received.append((self.path, body))
                if outer.answer is None:
                    outer.released.wait(60)
                    return
                status, answer = outer.answer
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What lets a client take it for Telegram."""
        return {"HTTPS_PROXY": self.url, "REQUESTS_CA_BUNDLE": str(self.file), "NO_PROXY": "127.0.0.1"}

    def stop(self) -> None:
        """Stop listening."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def telegram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    """A server that takes Telegram's place for this process and what it starts."""
    server = Telegram(tmp_path)
    for name in ("https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.stop()


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch):
    """The module, with no channel configured."""
    monkeypatch.syspath_prepend(ROOT / "dags")
    import tshop_alerts

    return tshop_alerts


@pytest.fixture
def failure(warehouse: str) -> Callable[[str], dict]:
    """Function that returns the context of a task that failed on a statement in the warehouse."""

    def fail(statement: str) -> dict:
        with psycopg.connect(warehouse) as connection, pytest.raises(psycopg.Error) as caught:
            connection.execute(statement)
        ti = SimpleNamespace(
            dag_id="tshop_daily",
            task_id="load_client",
            run_id="scheduled__2026-01-01",
            try_number=4,
            log_url="http://127.0.0.1:18080/dags/tshop_daily/runs/scheduled__2026-01-01/tasks/load_client?try_number=4",
        )
        return {"ti": ti, "exception": caught.value}

    return fail


FAILING = (
    "RAISE EXCEPTION 'planted <b>&' USING ERRCODE = 'UT001', DETAIL = 'Failing row contains Петров',"
    " HINT = 'Look at raw.client.'"
)


def test_a_failed_task_is_told_once_after_its_last_attempt(tmp_path, telegram, warehouse):
    execute(
        warehouse,
        f"CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {FAILING}; END$$",
        "CREATE TRIGGER planted BEFORE INSERT ON dds.client FOR EACH ROW EXECUTE FUNCTION public.planted()",
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
        " VALUES (1, 'Иван', 'Петров', '1990-01-01', '2026-01-01')",
    )
    dags, home = tmp_path / "dags", tmp_path / "airflow"
    dags.mkdir()
    (dags / "tshop_alarm.py").write_text(DAG)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "dags"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": "http://airflow.example:18080",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # At this level libraries write whole addresses to the log.
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW_CONN_TSHOP_WAREHOUSE": warehouse_connection(warehouse),
        "TSHOP_ALERT_URLS": CHANNEL,
    }
    subprocess.run([BIN / "airflow", "db", "migrate"], env=environment, capture_output=True, check=True)
    answer = subprocess.run(
        [BIN / "airflow", "dags", "test", "tshop_alarm"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    # Each was tried twice; load_sale, which merely follows, did not run; load_product went well.
    traces = "SELECT count(*) FROM sl.run WHERE status = 'failed' AND procedure_name = 'dds.load_client'"
    assert execute(warehouse, traces) == [(2,)], answer.stdout[-3000:]
    texts = {body["text"].split("</b>")[0]: body for _path, body in telegram.received}
    assert len(telegram.received) == 2
    assert set(texts) == {"<b>tshop_alarm.load_client failed", "<b>tshop_alarm.generate failed"}
    assert {path for path, _body in telegram.received} == {f"/bot{TOKEN}/sendMessage"}

    body = texts["<b>tshop_alarm.load_client failed"]
    assert str(body["chat_id"]) == CHAT
    lines = body["text"].splitlines()
    run = next(line.removeprefix("Run: ") for line in lines if line.startswith("Run: "))
    assert lines[-7:] == [
        "DAG: tshop_alarm",
        f"Run: {run}",
        "Task: load_client, attempt 2",
        "Error: planted &lt;b&gt;&amp;",
        "SQLSTATE: UT001",
        "Hint: Look at raw.client.",
        lines[-1],
    ]
    assert lines[-1].startswith("Log: http://airflow.example:18080/dags/tshop_alarm/runs/")
    assert lines[-1].endswith("/tasks/load_client?try_number=2")
    assert "Петров" not in body["text"]
    assert "exit code 3" in texts["<b>tshop_alarm.generate failed"]["text"]

    logs = answer.stdout + "".join(file.read_text(errors="replace") for file in home.rglob("*.log"))
    assert "People were told of the failure" in logs
    assert TOKEN.split(":")[1] not in logs
    assert urlsplit(warehouse).password not in body["text"]


# As tshop_live: a run a minute. What its task finds in a folder says whether it fails.
EACH_MINUTE = """
import sys
from datetime import UTC, datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from tshop_live_operators import notify_first_failure
from tshop_operators import DEFAULT_ARGUMENTS, SHORT

told = {"retries": 0, "on_failure_callback": notify_first_failure, "execution_timeout": SHORT}
with DAG("tshop_each_minute", schedule="* * * * *", catchup=False, default_args={**DEFAULT_ARGUMENTS, **told}) as dag:
    BashOperator(task_id="publish", bash_command="test {{ logical_date.minute }} = 2")

if __name__ == "__main__":
    for minute in range(4):
        dag.test(logical_date=datetime(2026, 1, 1, 0, minute, tzinfo=UTC))
"""


def test_a_dag_that_runs_each_minute_tells_a_failure_once_until_it_has_worked_again(tmp_path, telegram):
    dags, home = tmp_path / "dags", tmp_path / "airflow"
    dags.mkdir()
    (dags / "tshop_each_minute.py").write_text(EACH_MINUTE)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "dags"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "TSHOP_ALERT_URLS": CHANNEL,
    }
    subprocess.run([BIN / "airflow", "db", "migrate"], env=environment, capture_output=True, check=True)
    answer = subprocess.run(
        [sys.executable, dags / "tshop_each_minute.py"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # The first two fail, the third works, the fourth fails: of the first and the fourth people are told.
    assert len(telegram.received) == 2, answer.stdout[-3000:]
    assert answer.stdout.count("the run before this one failed, too") == 1


@pytest.mark.parametrize(
    ("dag_id", "hours", "reason", "words"), [
        ("tshop_daily", 8, "timed_out", 1), ("tshop_heal", 20, "timed_out", 1), ("tshop_daily", 8, "task_failure", 0),
    ],
)  # fmt: skip
def test_a_run_that_was_cut_off_is_told_once(*, telegram, monkeypatch, tmp_path, dag_id, hours, reason, words):
    for name, value in {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW__API__BASE_URL": "http://airflow.example:18080/",
        "TSHOP_ALERT_URLS": CHANNEL,
    }.items():
        monkeypatch.setenv(name, value)
    import structlog
    from airflow.callbacks.callback_requests import DagCallbackRequest
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.dag_processing.processor import _execute_dag_callbacks

    # As the scheduler asks it of the DAG processor.
    request = DagCallbackRequest(
        filepath=f"{dag_id}.py",
        bundle_name="tshop",
        bundle_version=None,
        dag_id=dag_id,
        run_id="manual__2026-01-01T00:00:00+00:00",
        is_failure_callback=True,
        msg=reason,
    )
    dags = BundleDagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="tshop")
    _execute_dag_callbacks(dags, request, structlog.get_logger())
    assert len(telegram.received) == words
    for _path, body in telegram.received:
        assert body["text"].split("</b>")[0] == f"<b>{dag_id} was cut off"
        assert body["text"].splitlines()[-4:] == [
            f"DAG: {dag_id}",
            "Run: manual__2026-01-01T00:00:00+00:00",
            f"Error: It took longer than {hours} hours, its limit: what had not ended was given up",
            f"Run's page: http://airflow.example:18080/dags/{dag_id}/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00",
        ]


def test_nobody_is_told_where_nothing_is_configured(*, telegram, alerts, failure, caplog, monkeypatch, tmp_path):
    context = failure(f"DO $$BEGIN {FAILING}; END$$")
    alerts.notify_failure(context)
    monkeypatch.setenv("TSHOP_ALERT_URLS", " \n")
    monkeypatch.setenv("TSHOP_ALERT_URLS_FILE", str(tmp_path / "missing"))
    alerts.notify_failure(context)
    assert (telegram.received, caplog.text) == ([], "")


def test_channels_may_come_by_a_file_and_one_that_fails_does_not_keep_the_others(
    *, telegram, alerts, failure, caplog, monkeypatch, tmp_path
):
    file = tmp_path / "urls"
    file.write_text(
        f"json://127.0.0.1:{free_port()}/refused\n{CHANNEL}\njson://127.0.0.1:{telegram.server.server_port}/hook\n"
    )
    file.chmod(stat.S_IRUSR)
    monkeypatch.setenv("TSHOP_ALERT_URLS_FILE", str(file))
    alerts.notify_failure(failure(f"DO $$BEGIN {FAILING}; END$$"))
    assert sorted(path for path, _body in telegram.received) == [f"/bot{TOKEN}/sendMessage", "/hook"]
    assert [record.getMessage() for record in caplog.records if record.name == "tshop_alerts"] == [
        "People could not be told of the failure by every channel of TSHOP_ALERT_URLS"
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}), "by every channel"),
        ((429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 3600}}), "by every channel"),
        (None, "within 3 seconds"),
        ("down", "by every channel"),
        ("nonsense", "by every channel"),
        ("no program", "People could not be told of the failure"),
    ],
    ids=["500", "429", "hangs", "down", "nonsense", "no program"],
)
def test_a_channel_that_fails_does_no_harm(*, telegram, alerts, failure, caplog, monkeypatch, answer, said):
    monkeypatch.setenv("TSHOP_ALERT_URLS", "what is this" if answer == "nonsense" else CHANNEL)
    if answer is None:
        monkeypatch.setattr(alerts, "TIMEOUT_SECONDS", 3)
    if answer == "down":
        telegram.stop()
    elif answer == "no program":
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
    telegram.answer = answer if not isinstance(answer, str) else telegram.answer
    alerts.notify_failure(failure(f"DO $$BEGIN {FAILING}; END$$"))
    assert said in caplog.text
    assert TOKEN not in caplog.text
    assert len(telegram.received) <= 1


def test_a_long_error_is_cut_and_credentials_are_taken_out(alerts, failure):
    context = failure(f"DO $$BEGIN {FAILING}; END$$")
    context["exception"] = RuntimeError(
        "no way to http://user:pa%20ss@host:8123/x " + "long " * 1000 + "\nDETAIL: Failing row contains Петров"
    )
    text = alerts._text(context)
    assert len(text) < 1500
    assert "Error: RuntimeError: no way to http://***@host:8123/x long" in text
    assert "Петров" not in text
    for error in (None, "Task received SIGTERM"):
        context["exception"] = error
        assert f"Error: {error or 'The task ended without an error of its own'}" in alerts._text(context)


def test_channels_can_be_tried(telegram, alerts, capsys, monkeypatch):
    assert alerts.main() == 1
    monkeypatch.setenv("TSHOP_ALERT_URLS", CHANNEL)
    assert alerts.main() == 0
    [(_path, body)] = telegram.received
    assert "Failed tasks will be told of here." in body["text"]
    telegram.answer = (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    assert alerts.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "Nobody would be told",
        "All channels took the word.",
        "A channel did not take the word",
    ]
