"""Parts of `make compose-test` that need no engine."""

import json
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
    assert "there is no check xyzzy: there are stand-ins, build, upgrade, large-shop, up," in answer.stderr


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
            for table in ("filter", "nat", "raw")]

def add(line):
    subprocess.run(["iptables", *line.split()], check=True)

RULES_OF_OTHERS, RULES_OF_AN_ENGINE = json.loads(sys.argv[1])
for line in RULES_OF_OTHERS:
    add(line)
forwarding, before, noted = engine.FORWARDING.read_text(), rules(), engine.network()
for line in RULES_OF_AN_ENGINE:
    add(line)
engine.FORWARDING.write_text("1")
assert rules() != before
engine.restore_network(noted)
assert rules() == before, rules()
assert engine.FORWARDING.read_text() == forwarding
"""
# Also those of an engine that was stopped for the test, with what its user has added.
RULES_OF_OTHERS = (
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -i docker0 -j ACCEPT",
    "-A INPUT -m comment --comment docker0 -j ACCEPT",
    "-N OTHERS",
    "-A FORWARD -j OTHERS",
    "-N DOCKER_ALLOW",
    "-A FORWARD -j DOCKER_ALLOW",
    "-N DOCKER-USER",
    "-A FORWARD -j DOCKER-USER",
    "-A DOCKER-USER -p tcp --dport 5432 -j DROP",
    "-t nat -N DOCKER",
    "-t raw -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP",
)
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
    "-t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "-t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE",
    "-t nat -A DOCKER -i br-0123456789ab -j RETURN",
    "-t raw -A PREROUTING -d 172.18.0.2/32 ! -i br-0123456789ab -j DROP",
    "-t raw -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 5432 -j DROP",
)


def works_apart(*command: str) -> bool:
    """Tell whether this user may run a command with a network and mounts of its own."""
    programs = shutil.which("unshare") and shutil.which(command[0])
    apart = ["unshare", "--net", "--mount", *command]
    return bool(programs) and subprocess.run(apart, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(
    not works_apart("iptables", "-A", "INPUT", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "ACCEPT"),
    reason="A network of one's own, with rules, needs root and iptables: 'apt-get install iptables'",
)
def test_the_rules_of_an_engine_are_removed_and_no_others():
    # In a network of its own.
    answer = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", RULES, json.dumps([RULES_OF_OTHERS, RULES_OF_AN_ENGINE])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(not shutil.which("git"), reason="Git is not installed: 'apt-get install git'")
def test_the_commit_before_a_file(tmp_path):
    repository, folder = tmp_path / "repository", tmp_path / "files"
    repository.mkdir()
    folder.mkdir()
    for arguments in ("init --quiet", "add old", "commit --quiet --message=1", "add new", "commit --quiet --message=2"):
        for name in ("old", "new"):
            (repository / name).touch()
        own = ("-c", "user.name=someone", "-c", "user.email=someone")
        subprocess.run(["git", *own, *arguments.split()], cwd=repository, check=True)
    assert re.fullmatch("[0-9a-f]{7,}", checks.extract_commit_before("new", folder, repository))
    assert [file.name for file in folder.iterdir()] == ["old"]
    for name in ("old", "missing"):
        with pytest.raises(AssertionError, match=f"no commit before {name}: clone it as a whole"):
            checks.extract_commit_before(name, folder, repository)


def test_logs_are_searched_for_the_secrets_of_their_own_services(tmp_path):
    logs = {"": "quiet", "upgrade": "the key is theirs", "small": "the key is mine"}
    for name, text in logs.items():
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        secret = "theirs" if name == "upgrade" else "mine"
        (folder / ".env").write_text(f"# Settings\n\nTSHOP_PORT=1\nTSHOP_EMPTY_KEY=\nTSHOP_PASSWORD={secret}\n")
        (folder / "removed.log").write_text(text)
    assert sorted(checks.logs_with_secrets(tmp_path)) == ["small/removed.log", "upgrade/removed.log"]
    (tmp_path / "compose.log").write_text("mine")
    (tmp_path / "small" / "removed.log").write_text("theirs")
    assert sorted(checks.logs_with_secrets(tmp_path)) == ["compose.log", "upgrade/removed.log"]


def test_the_docs_say_what_each_check_does():
    page = (ROOT / "docs" / "compose.md").read_text()
    table = page.split("\n## How is it tested on an engine?\n")[1].split("\n## ")[0]
    assert not [name for name in checks.CHECKS if not re.search(rf"^\|[^|]*`{name}`[^|]*\|", table, re.MULTILINE)]


MOUNTS = """
import os, shutil, subprocess, sys
from pathlib import Path
from tests.containers import engine

folder, beside = Path(sys.argv[1]) / "an engine", Path(sys.argv[1]) / "an engine-2"
# The folder itself is a disk of its own; one mount is in the other.
for place in (folder, folder / "data", folder / "data" / "overlay", beside):
    place.mkdir(parents=True)
    subprocess.run(["mount", "--types=tmpfs", "none", place], check=True)
engine.unmount_all(folder)
assert not os.path.ismount(folder / "data")
assert os.path.ismount(folder) and os.path.ismount(beside)
shutil.rmtree(folder / "data")
"""


@pytest.mark.skipif(
    not works_apart("mount", "--types=tmpfs", "none", "/mnt"),
    reason="Nobody may mount here: 'unshare --mount true' as root",
)
def test_what_is_mounted_in_a_folder_is_unmounted_and_nothing_else(tmp_path):
    answer = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", MOUNTS, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


def test_a_folder_that_holds_something_else_is_not_taken(tmp_path):
    taken, empty, missing = (tmp_path / name for name in ("taken", "empty", "missing"))
    taken.mkdir(mode=0o755)
    empty.mkdir(mode=0o755)
    (taken / "letter").write_text("mine")
    with pytest.raises(engine.EngineError, match="is not of make compose-test"):
        engine.take_folder(taken)
    assert (taken.stat().st_mode & 0o777, [file.name for file in taken.iterdir()]) == (0o755, ["letter"])
    for folder in (empty, missing):
        engine.take_folder(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "data").mkdir()
        engine.take_folder(folder)
