"""A Docker engine of its own, and Compose: where they come from, start, stop, and a crash."""

import contextlib
import hashlib
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from sources import golang

ROOT = Path(__file__).parent.parent.parent
COMPOSE_SOURCE = ROOT / "docker" / "compose"
COMPOSE_PACKAGE = "github.com/docker/compose/v2"
# The first that reads docker-compose.yml.
COMPOSE_VERSION = (2, 20)
# By program, its package of Debian.
PROGRAMS = {
    "docker": "docker.io",
    "dockerd": "docker.io",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "nsenter": "util-linux",
    "ss": "iproute2",
    "ip": "iproute2",
}
# What the check "picture" needs besides.
BROWSER = {"chromium": "chromium"}
# Of an engine that this machine has: a second one would change its networks.
PROCESS = "dockerd"
DOCKER_SOCKET = Path("/var/run/docker.sock")
# An engine uses the machine's containerd in place of its own where this file exists.
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
# What would change the services, their secrets and ports, or lead clients to another server.
FOREIGN_VARIABLES = ("TSHOP_", "COMPOSE_", "DOCKER_", "PG")
SECONDS_TO_START = 120
ATTEMPTS = 3
# An engine stops its containers first, each with its own grace period.
SECONDS_TO_STOP = 300
# Settings of the network that an engine changes and does not set back.
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
TABLES = ("filter", "nat", "raw")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# A chain of an engine, or a bridge of it.
OF_AN_ENGINE = re.compile(r"^(DOCKER(-[A-Z]+)*(-[12])?|docker0|br-[0-9a-f]{12})$")
# A newer engine's rule for a port that is open on the loopback address names neither.
OF_A_PORT = re.compile(r"^-A PREROUTING -d 127\.[\d.]+/32 ! -i lo -p (tcp|udp) .*--dport \d+ -j DROP$")
# In a rule, what comes before a bridge or a chain.
NAMING = ("-i", "-o", "-j", "-g")
# Says that a folder was made for an engine by this program.
MARK = "engine-of-a-test"


class EngineError(Exception):
    """A sentence that says what is wrong and what to do."""


class Engine:
    """An engine whose data, socket, pid and log are in a folder.

    Args:
        folder: where they go.
        programs: those that this machine has to have besides the engine's, with their packages.
    """

    def __init__(self, folder: Path, programs: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._programs = PROGRAMS | (programs or {})
        self._process: subprocess.Popen | psutil.Process | None = None
        self._network = folder / "network.json"
        for name in [name for name in os.environ if name.startswith(FOREIGN_VARIABLES)]:
            del os.environ[name]
        # Of all programs that this one starts: no other engine is ever asked.
        self.socket = folder / "docker.sock"
        os.environ["DOCKER_HOST"] = f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers; one that a killed run has left in the folder is taken over.

        Raises:
            EngineError: a program is missing, this user is not root, another engine runs, or it does not answer.
        """
        check_machine(self._programs)
        if others := [one.pid for one in psutil.process_iter() if _is_another(one, self.folder)]:
            raise EngineError(
                f"A Docker engine runs here already (pid {others[0]}): stop it for the time of the test, which stops "
                "its containers."
            )
        if self.answers():
            self._process = psutil.Process(int((self.folder / "pid").read_text()))
            return
        end, attempts = time.monotonic() + SECONDS_TO_START, 0
        while not self.answers():
            # It gives up where its containerd takes more than 15 seconds to start, as on a busy machine.
            if self._process is None or not _runs(self._process):
                attempts += 1
                if attempts > ATTEMPTS:
                    break
                self._start()
            if time.monotonic() > end:
                break
            time.sleep(0.5)
        else:
            return
        log = (self.folder / "dockerd.log").read_text(errors="replace").splitlines()[-10:]
        raise EngineError("The Docker engine does not answer. The end of its log:\n" + "\n".join(log))

    def _start(self) -> None:
        # What a killed one left.
        (self.folder / "pid").unlink(missing_ok=True)
        # One that a killed run started has left its changes, unless the machine was started again since.
        if not self._network.exists() or json.loads(self._network.read_text())["boot_id"] != BOOT_ID.read_text():
            self._network.write_text(json.dumps(network()))
        # Not this machine's settings of an engine.
        settings = self.folder / "daemon.json"
        # Nor rules for IPv6, which no network here has.
        settings.write_text('{"ip6tables": false}')
        command = ["dockerd", "--config-file", settings, "--bridge=none"]
        command += ["--data-root", self.folder / "data", "--exec-root", self.folder / "exec"]
        with (self.folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--pidfile", self.folder / "pid", "--host", os.environ["DOCKER_HOST"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @staticmethod
    def answers() -> bool:
        """Tell whether the engine answers."""
        return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0

    def crash(self) -> None:
        """Kill the engine, what it started, and all containers at once, as when the machine loses power."""
        engine = psutil.Process(self._process.pid)
        # The parents of containers are no children of the engine: they name its socket.
        address = str(self.folder / "exec" / "containerd" / "containerd.sock")
        shims = [one for one in psutil.process_iter() if address in _arguments(one)]
        # The engine first, which would start a container that died before it.
        processes = [engine, *engine.children(recursive=True)]
        for shim in shims:
            processes += [shim, *shim.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, 60)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Stop the engine, and bring this machine's network back to what it was before it started."""
        if self._process is None:
            return
        listing = ["docker", "network", "ls", "--quiet", "--filter=driver=bridge"]
        networks = subprocess.run(listing, capture_output=True, text=True, check=False)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            self.crash()
        self._process = None
        # Those of a project that could not be taken down.
        for number in networks.stdout.split():
            subprocess.run(["ip", "link", "delete", f"br-{number}"], capture_output=True, check=False)
        restore_network(json.loads(self._network.read_text()))
        self._network.unlink()
        unmount_all(self.folder)


def unmount_all(folder: Path) -> None:
    """Unmount what is mounted in a folder, which cannot be removed before: an engine leaves some of its mounts."""
    places = [one.mountpoint for one in psutil.disk_partitions(all=True)]
    # What is mounted last may be in what was mounted before it. The folder itself may be a disk of its own.
    for place in reversed([one for one in places if folder in Path(one).parents]):
        subprocess.run(["umount", place], check=True)


def network() -> dict[str, Any]:
    """Return what an engine changes of this machine's network: forwarding, the policy for it, the rules by table."""
    rules = {table: _iptables(table, "--list-rules") for table in TABLES}
    return {"boot_id": BOOT_ID.read_text(), "forwarding": FORWARDING.read_text().strip(), "rules": rules}


def restore_network(before: dict[str, Any]) -> None:
    """Remove the rules and chains of an engine that has ended, and set back what it has changed.

    Args:
        before: what network() returned before the engine started.
    """
    for table in TABLES:
        # A file of an earlier commit knows fewer tables.
        for command in commands_to_remove(before["rules"].get(table, ""), _iptables(table, "--list-rules")):
            _iptables(table, *command)
    policy = _policy(before["rules"]["filter"])
    if policy != _policy(_iptables("filter", "--list-rules")):
        _iptables("filter", "--policy", "FORWARD", policy)
    if FORWARDING.read_text().strip() != before["forwarding"]:
        FORWARDING.write_text(before["forwarding"])


def _policy(rules: str) -> str:
    return next(line.split()[2] for line in rules.splitlines() if line.startswith("-P FORWARD "))


def commands_to_remove(before: str, after: str) -> list[list[str]]:
    """Return the arguments of iptables that remove the rules and chains that an engine has made.

    Args:
        before, after: what iptables lists of a table before the engine started and when it has ended. What was there
            before stays, also what another engine has left, and what names no chain, bridge or port of an engine.
    """
    new = Counter(after.splitlines()) - Counter(before.splitlines())
    lines = [shlex.split(line) for line in new.elements()]
    chains = [line[1] for line in lines if line[0] == "-N" and OF_AN_ENGINE.match(line[1])]
    others = [line for line in lines if line[0] == "-A" and line[1] not in chains]
    found = [
        ["--delete", *line[1:]]
        for line in others
        if OF_A_PORT.match(" ".join(line))
        or any(name in NAMING and OF_AN_ENGINE.match(value) for name, value in itertools.pairwise(line))
    ]
    # A chain that another one jumps to cannot be deleted.
    return found + [["--flush", chain] for chain in chains] + [["--delete-chain", chain] for chain in chains]


def _iptables(table: str, *arguments: str) -> str:
    command = ["iptables", "--wait", "--table", table, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_machine(programs: dict[str, str]) -> None:
    """Make sure that this user is root, that programs are there, and that no other engine runs.

    Args:
        programs: with their packages of Debian.

    Raises:
        EngineError: not so.
    """
    if os.geteuid() != 0:
        raise EngineError("A Docker engine of its own needs root: run this as root.")
    if missing := [name for name in programs if not shutil.which(name)]:
        packages = " ".join(sorted({programs[name] for name in missing}))
        raise EngineError(
            f"{', '.join(missing)}: missing. Run 'apt-get install --no-install-recommends {packages}' (Debian 12)."
        )
    if _listens(DOCKER_SOCKET) or CONTAINERD_SOCKET.exists():
        raise EngineError(
            "A Docker engine runs here already: stop it for the time of the test, by "
            f"'systemctl stop docker.socket docker containerd'. If {CONTAINERD_SOCKET} stays, remove it."
        )


def take_folder(folder: Path) -> None:
    """Make the folder of an engine, which this user alone may read, as secrets are in it; or take one that was made so.

    Raises:
        EngineError: the folder holds something else.
    """
    if folder.exists() and not (folder / MARK).exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise EngineError(f"{folder} is not of make compose-test: give a folder that is empty, or that is not there.")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / MARK).touch()


def _is_another(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a process is an engine that has its data elsewhere."""
    try:
        return process.name() == PROCESS and str(folder / "data") not in process.cmdline()
    except psutil.Error:
        return False


def _listens(path: Path) -> bool:
    # To connect would start an engine that systemd starts when it is asked for.
    return any(one.laddr == str(path) for one in psutil.net_connections("unix"))


def _runs(process: subprocess.Popen | psutil.Process) -> bool:
    return process.poll() is None if isinstance(process, subprocess.Popen) else process.is_running()


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def compose_program(folder: Path) -> list[str]:
    """Return the command of Compose: the plugin of this machine's client, else what Go makes in a folder.

    Raises:
        EngineError: there is neither.
    """
    answer = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False)
    found = answer.stdout.strip().lstrip("v").split(".")[:2]
    if answer.returncode == 0 and all(part.isdigit() for part in found) and tuple(map(int, found)) >= COMPOSE_VERSION:
        return ["docker", "compose"]
    modules = hashlib.sha256((COMPOSE_SOURCE / "go.sum").read_bytes()).hexdigest()
    program = folder / f"docker-compose-{modules[:12]}"
    if not program.exists():
        print("Building Docker Compose from its Go module ...", flush=True)
        try:
            golang.build(COMPOSE_SOURCE, program, package=f"{COMPOSE_PACKAGE}/cmd")
        except golang.GoError as error:
            raise EngineError(
                f"Docker Compose {'.'.join(map(str, COMPOSE_VERSION))} or later is missing. {error}"
            ) from None
    return [str(program)]
