"""Parts of `make compose-test` that need no engine."""

import os
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
    assert "there is no check xyzzy: there are stand-ins, build, up," in answer.stderr


def test_compose_is_pinned_by_the_module_that_is_built():
    lines = (engine.COMPOSE_SOURCE / "go.mod").read_text()
    assert f"tool {engine.COMPOSE_PACKAGE}/cmd\n" in lines
    assert f"{engine.COMPOSE_PACKAGE} v2." in lines


def test_each_server_that_is_reached_is_a_service():
    assert checks.SERVERS.keys() <= compose_file()["services"].keys()
