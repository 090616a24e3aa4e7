"""Parts of `make compose-test` that need no engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import compose_file

from tests.containers import checks, engine, stack

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("text", "number"), [("512B", 512), ("1KiB", 1024), ("184.5MiB", 193_462_272), ("2.5GiB", 2_684_354_560)]
)
def test_memory_as_the_engine_writes_it(text, number):
    assert stack._bytes(text) == number


def test_moments_as_the_engine_writes_them():
    assert stack._moment("1970-01-02T00:00:01.123456789Z") == 86_401
    assert stack._moment("1970-01-01T00:00:00Z") == 0


def test_what_is_written_beside_the_mounts_is_found():
    container = {
        "Mounts": [{"Destination": "/var/run/postgresql"}, {"Destination": "/opt/tshop/dags"}],
        "HostConfig": {"Tmpfs": {"/tmp": ""}},  # noqa: S108
    }
    for line in (
        "C /run",
        "A /run/postgresql",
        "C /opt",
        "C /opt/tshop",
        "A /tmp",
        "C /etc",
        "A /usr/sbin/docker-init",
    ):
        assert checks.in_mounts(line, container), line
    for line in ("A /opt/written", "A /opt/tshop/written", "A /etc/written", "A /run/written"):
        assert not checks.in_mounts(line, container), line


def test_a_process_that_is_none_of_the_container_is_not_taken_for_its_own():
    container = {"Id": "0" * 64, "Name": "/other", "State": {"Pid": os.getpid()}}
    with pytest.raises(AssertionError, match="is no process of /other"):
        checks.pid_of(container)
    with pytest.raises(AssertionError, match="/other does not run"):
        checks.pid_of({**container, "State": {"Pid": 0}})


def test_an_unknown_check_is_told_before_anything_starts():
    answer = subprocess.run(
        [sys.executable, "-m", "tests.containers", "--only", "up,xyzzy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "there is no check xyzzy: there are stand-ins, build, upgrade, up," in answer.stderr


def test_compose_is_pinned_by_the_module_that_is_built():
    lines = (engine.COMPOSE_SOURCE / "go.mod").read_text()
    assert f"tool {engine.COMPOSE_PACKAGE}/cmd\n" in lines
    assert f"{engine.COMPOSE_PACKAGE} v2." in lines


def test_each_server_that_is_reached_is_a_service():
    services = compose_file()["services"]
    assert checks.SERVERS.keys() <= services.keys()
    for name, network in checks.LISTENS_IN.items():
        host = services[name]["command"][services[name]["command"].index("--host") + 1]
        assert host in services[name]["networks"][network]["aliases"]


RULES = """
import json, subprocess, sys
from tests.containers import engine

def rules():
    return [subprocess.run(["iptables", "-t", table, "-S"], capture_output=True, text=True, check=True).stdout
            for table in engine.TABLES]

def add(line):
    subprocess.run(["iptables", *line.split()], check=True)

add("-A INPUT -i lo -j ACCEPT")
add("-N OTHERS")
add("-A FORWARD -j OTHERS")
forwarding, before, noted = engine.FORWARDING.read_text(), rules(), engine.network()
for line in sys.argv[1:]:
    add(line)
engine.FORWARDING.write_text("1")
assert rules() != before
engine.restore_network(noted)
assert rules() == before, rules()
assert engine.FORWARDING.read_text() == forwarding
"""
# As an engine makes them, with a network that was not taken down.
RULES_OF_AN_ENGINE = (
    "-P FORWARD DROP",
    "-N DOCKER",
    "-N DOCKER-ISOLATION-STAGE-1",
    "-N DOCKER-ISOLATION-STAGE-2",
    "-A FORWARD -j DOCKER-ISOLATION-STAGE-1",
    "-A FORWARD -o br-0123456789ab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -o br-0123456789ab -j DOCKER",
    "-A FORWARD -i br-0123456789ab ! -o br-0123456789ab -j ACCEPT",
    "-A DOCKER -d 172.18.0.2/32 ! -i br-0123456789ab -o br-0123456789ab -p tcp --dport 5432 -j ACCEPT",
    "-A DOCKER-ISOLATION-STAGE-1 -i br-0123456789ab ! -o br-0123456789ab -j DOCKER-ISOLATION-STAGE-2",
    "-A DOCKER-ISOLATION-STAGE-2 -o br-0123456789ab -j DROP",
    "-t nat -N DOCKER",
    "-t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "-t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE",
    "-t nat -A DOCKER -i br-0123456789ab -j RETURN",
)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("iptables"), reason="needs root and iptables")
def test_the_rules_of_an_engine_are_removed_and_no_others():
    # In a network of its own.
    answer = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", RULES, *RULES_OF_AN_ENGINE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the history of git")
def test_the_commit_before_a_file(tmp_path):
    commit = checks.extract_commit_before(checks.UPGRADE_BEFORE, tmp_path)
    assert re.fullmatch("[0-9a-f]{7,}", commit)
    assert (tmp_path / "docker-compose.yml").exists()
    assert not (tmp_path / checks.UPGRADE_BEFORE).exists()
    with pytest.raises(AssertionError, match="no commit before missing: clone it as a whole"):
        checks.extract_commit_before("missing", tmp_path)


def test_the_docs_say_what_each_check_does():
    page = (ROOT / "docs" / "compose.md").read_text()
    assert not [name for name in checks.CHECKS if not re.search(rf"^\|[^|]*`{name}`[^|]*\|", page, re.MULTILINE)]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_is_mounted_in_a_folder_is_unmounted_and_nothing_else(tmp_path):
    inside, beside = tmp_path / "an engine", tmp_path / "an engine-2"
    for folder in (inside / "data", beside):
        folder.mkdir(parents=True)
        subprocess.run(["mount", "--types=tmpfs", "none", folder], check=True)
    # One in the other.
    (inside / "data" / "overlay").mkdir()
    subprocess.run(["mount", "--types=tmpfs", "none", inside / "data" / "overlay"], check=True)
    try:
        engine.unmount_all(inside)
        assert not os.path.ismount(inside / "data")
        assert os.path.ismount(beside)
        shutil.rmtree(inside)
    finally:
        subprocess.run(["umount", beside], check=True)
