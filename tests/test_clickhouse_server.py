"""The ClickHouse endpoint on its own: the package without the repository around it, and what it can be told."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from clickhouse_server import configuration
from clickhouse_server.configuration import Configuration, Reader
from clickhouse_server.errors import StartError
from clickhouse_server.limits import Limits
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
# What stands beside the package in the repository: whatever holds Python.
OTHERS = sorted({file.relative_to(ROOT).parts[0] for file in ROOT.glob("[a-z]*/*.py")} - {"clickhouse_server"})

IMPORT_ALL = """
import importlib, pkgutil, sys
forbidden = set(sys.argv[1:])
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in forbidden:
            sys.exit(f"clickhouse_server imports {name}")
sys.meta_path.insert(0, Refuse())
import clickhouse_server
names = [module.name for module in pkgutil.walk_packages(clickhouse_server.__path__, "clickhouse_server.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""

USERS = """<clickhouse><users>
    <other><grants><query>GRANT SELECT ON library.secret</query></grants></other>
    <visitor><grants><query>GRANT SELECT ON library.book</query></grants></visitor>
</users></clickhouse>"""
CONFIGURATION = """display_name = "reading room"
database = "library"
limits_prefix = "LIBRARY_"

[reader]
user = "visitor"
password_variable = "VISITOR_PASSWORD"
users_file = "users.xml"

[postgresql]
collection = "archive"
dsn_variable = "ARCHIVE_DSN"
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder that holds a copy of the package, and nothing else of the repository."""
    shutil.copytree(
        ROOT / "clickhouse_server", tmp_path / "clickhouse_server", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def test_the_package_imports_nothing_of_the_repository():
    assert {"embedded", "migrations", "generator"} <= set(OTHERS)
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *OTHERS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) == len(list((ROOT / "clickhouse_server").glob("[!_]*.py"))) + 1


def test_the_package_names_nothing_of_the_shop():
    for file in (ROOT / "clickhouse_server").iterdir():
        if file.is_file():
            assert "tshop" not in file.read_text().lower(), file.name


def test_the_package_tells_how_it_is_used(alone: Path):
    answer = subprocess.run(
        [sys.executable, "-m", "clickhouse_server", "--help"], cwd=alone, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "--config" in answer.stdout
    assert "CLICKHOUSE_USER" in answer.stdout


@contextlib.contextmanager
def running(folder: Path, *arguments: str, **environment: str):
    """Run the package of a folder; give its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "clickhouse_server", "--path", "data", "--port", str(port), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "CLICKHOUSE_USER": "me", "CLICKHOUSE_PASSWORD": "mine", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{url}/ping").raise_for_status()
                break
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()[0]
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output


def test_the_package_serves_without_a_configuration(alone: Path):
    with running(alone) as url:
        mine = ("me", "mine")
        assert httpx.post(url, content="SELECT currentDatabase()", auth=mine).text == "main\n"
        httpx.post(url, content="CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a", auth=mine).raise_for_status()
        httpx.post(url, content="INSERT INTO t VALUES (1), (2)", auth=mine).raise_for_status()
        assert httpx.post(url, content="SELECT sum(a) FROM t", auth=mine).text == "3\n"
        unset = httpx.post(url, content="SELECT * FROM postgresql(postgresql, schema='a', table='b')", auth=mine)
        assert "POSTGRESQL_DSN-is-not-set.invalid" in unset.text
        nobody = httpx.post(url, content="SELECT 1", auth=("visitor", ""))
        assert (nobody.status_code, nobody.headers["x-clickhouse-exception-code"]) == (403, "516")
        assert nobody.text.count("user and password") == 1
        assert "visitor with" not in nobody.text


def test_the_package_takes_names_grants_and_limits_from_its_configuration(alone: Path):
    (alone / "users.xml").write_text(USERS)
    (alone / "config.toml").write_text(CONFIGURATION)
    values = {"VISITOR_PASSWORD": "theirs", "LIBRARY_MAX_BODY_BYTES": "1000"}
    with running(alone, "--config", "config.toml", **values) as url:
        mine, theirs = ("me", "mine"), ("visitor", "theirs")
        for name in ("book", "secret"):
            made = f"CREATE TABLE {name} (a Int8) ENGINE = MergeTree ORDER BY a"
            httpx.post(url, content=made, auth=mine).raise_for_status()
        answer = httpx.post(url, content="SELECT count() FROM library.book", auth=theirs)
        assert answer.text == "0\n"
        assert answer.headers["x-clickhouse-server-display-name"] == "reading room"
        refused = ("SELECT * FROM library.secret", "INSERT INTO library.book VALUES (1)")
        codes = [httpx.post(url, content=text, auth=theirs).headers["x-clickhouse-exception-code"] for text in refused]
        assert set(codes) <= {"497", "164"}
        assert httpx.post(url, content=b" " * 1001, auth=mine).headers["x-clickhouse-exception-code"] == "291"
        archive = "SELECT * FROM postgresql({}, schema = 'a', table = 'b')"
        assert "ARCHIVE_DSN-is-not-set.invalid" in httpx.post(url, content=archive.format("archive"), auth=mine).text
        other = httpx.post(url, content=archive.format("postgresql"), auth=mine)
        assert other.headers["x-clickhouse-exception-code"] == "497"
        assert "VISITOR_PASSWORD" in httpx.post(url, content="SELECT 1", auth=("me", "wrong")).text


def test_the_page_names_every_key_limit_and_argument(alone: Path):
    page = (ROOT / "docs" / "clickhouse-server.md").read_text()
    rows = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    keys = set(re.findall(r"^\| `([\w.]+)` \|", configuration.__doc__, re.MULTILINE))
    limits = {name.removeprefix("X_") for name in Limits.variables("X_").values()}
    helped = subprocess.run(
        [sys.executable, "-m", "clickhouse_server", "--help"], cwd=alone, capture_output=True, text=True, check=True
    )
    arguments = set(re.findall(r"^  (--\w+)", helped.stdout, re.MULTILINE))
    assert len(keys) == 8
    assert rows == keys | limits | arguments


def test_the_configuration_of_the_shop_is_read():
    read = Configuration.read(ROOT / "clickhouse" / "endpoint.toml")
    assert isinstance(read.reader, Reader)
    assert read.reader.user == "tshop_dashboard"
    assert all(grant.startswith("GRANT SELECT ON tshop.") for grant in read.reader.grants)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("database = ", "cannot be read"),
        ("databse = 'x'", "unknown key databse: there are database, display_name, limits_prefix"),
        ("database = 7", "database in .* is 7: give a text"),
        ("database = ''", "give a text that is not empty"),
        ("reader = 'x'", r"reader in .* is no table: write \[reader\]"),
        ("[reader]\nname = 'x'", "unknown key reader.name"),
        ("[reader]\nuser = 'x'", "has no reader.password_variable"),
        ("[reader]\nuser = 'x'\npassword_variable = 'P'\nusers_file = 'none.xml'", "none.xml cannot be read"),
        ("[reader]\nuser = 'nobody'\npassword_variable = 'P'\nusers_file = 'users.xml'", "grants 'nobody' nothing"),
        ("[postgresql]\ncollection = 'a b'", "postgresql.collection in .* is no name"),
    ],
)
def test_a_configuration_that_cannot_be_is_told_in_a_sentence(tmp_path: Path, text: str, told: str):
    (tmp_path / "users.xml").write_text(USERS)
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(StartError, match=told):
        Configuration.read(tmp_path / "config.toml")


def test_a_configuration_that_is_missing_is_told_in_a_sentence(tmp_path: Path):
    with pytest.raises(StartError, match=r"missing.toml cannot be read"):
        Configuration.read(tmp_path / "missing.toml")
