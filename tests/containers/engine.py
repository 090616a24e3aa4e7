"""A Docker engine of its own, and Compose: where they come from, start, stop, and a crash."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent.parent
COMPOSE_SOURCE = ROOT / "docker" / "compose"
COMPOSE_PACKAGE = "github.com/docker/compose/v2"
# The first that reads docker-compose.yml.
COMPOSE_VERSION = (2, 20)
SECONDS_TO_START = 120


class EngineError(Exception):
    """A sentence that says what is wrong and what to do."""


class Engine:
    """An engine whose data, socket, pid and log are in a folder, or the one that DOCKER_HOST names.

    Args:
        folder: where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_own = "DOCKER_HOST" not in os.environ
        self.host = os.environ.get("DOCKER_HOST", f"unix://{folder}/docker.sock")
        self._process: subprocess.Popen | psutil.Process | None = None

    def start(self) -> None:
        """Start it, where it is one of its own, and wait until it answers.

        Raises:
            EngineError: a program is missing, this user is not root, or the engine does not answer.
        """
        os.environ["DOCKER_HOST"] = self.host
        if self.is_own and self.answers():
            # A run that was killed has left it.
            self._process = psutil.Process(int((self.folder / "pid").read_text()))
        elif self.is_own:
            if os.geteuid() != 0:
                raise EngineError("A Docker engine of its own needs root: be root, or name an engine by DOCKER_HOST.")
            missing = [name for name in ("dockerd", "docker", "iptables") if not shutil.which(name)]
            if missing:
                raise EngineError(
                    f"{' and '.join(missing)}: missing. "
                    "Run 'apt-get install --no-install-recommends docker.io iptables' (Debian 12)."
                )
            self._start()
        end = time.monotonic() + SECONDS_TO_START
        while not self.answers():
            if time.monotonic() > end:
                raise EngineError(f"The engine of {self.host} does not answer: see {self.folder}/dockerd.log.")
            # It gives up where its containerd takes more than 15 seconds to start, as on a busy machine.
            if isinstance(self._process, subprocess.Popen) and self._process.poll() is not None:
                self._start()
            time.sleep(0.5)

    def _start(self) -> None:
        # What a killed one left.
        (self.folder / "pid").unlink(missing_ok=True)
        command = ["dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec"]
        with (self.folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--pidfile", self.folder / "pid", "--host", self.host],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Tell whether the engine answers."""
        if not shutil.which("docker"):
            return False
        return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0

    def crash(self) -> None:
        """Kill the engine, what it started, and all containers at once, as when the machine loses power."""
        ours = [self._process.pid, *(one.pid for one in psutil.process_iter() if str(self.folder) in _command(one))]
        shims = [psutil.Process(pid) for pid in ours]
        processes = {child for shim in shims for child in (shim, *shim.children(recursive=True))}
        for process in processes:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, 60)
        self._process.wait()

    def stop(self) -> None:
        """Stop the engine that start() has started."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(120)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) if process.name().startswith(("containerd", "dockerd")) else ""
    except psutil.Error:
        return ""


def compose_program(folder: Path) -> list[str]:
    """Return the command of Compose: the plugin of this machine's client, else what Go makes in a folder.

    Raises:
        EngineError: there is neither.
    """
    answer = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False)
    found = answer.stdout.strip().lstrip("v").split(".")[:2]
    if answer.returncode == 0 and all(part.isdigit() for part in found) and tuple(map(int, found)) >= COMPOSE_VERSION:
        return ["docker", "compose"]
    program = folder / "docker-compose"
    if not program.exists():
        if not shutil.which("go"):
            raise EngineError(
                "Docker Compose 2.20 or later is missing, and so is Go, which builds it: install one of the two."
            )
        print("Building Docker Compose from its Go module ...", flush=True)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            new = Path(draft) / program.name
            answer = subprocess.run(
                ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", new, f"{COMPOSE_PACKAGE}/cmd"],
                cwd=COMPOSE_SOURCE,
                env={**os.environ, "CGO_ENABLED": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if answer.returncode != 0:
                raise EngineError(f"Docker Compose could not be built:\n{answer.stdout[-2000:]}")
            new.replace(program)
    return [str(program)]
