"""One Kafka broker: its folder, settings, start, stop and health.

Used by the embedded stack, which runs it under supervisord, and by the tests, which start throw-away brokers.
"""

import base64
import os
import shutil
import socket
import subprocess
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from embedded.errors import StackError
from embedded.server import Server
from sources.jars import JarsError, check_programs, jars_of

SOURCE = Path(__file__).parent.parent / "sources" / "kafka"
# The heap, the code that Java makes of its own, and what it keeps outside: together 330 MB.
JAVA_OPTIONS = (
    *("-Xms64m", "-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-XX:+ExitOnOutOfMemoryError"),
    # For two cores that others need, too: with one compiler it starts in less processor time.
    *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
)


class KafkaServer(Server):
    """A broker, which is its own controller (KRaft), in a folder of its own, reached on 127.0.0.1.

    Args:
        folder: where its data, settings and log go.
        port: TCP port of its clients.
        controller_port: TCP port by which it reaches itself as the controller.
        settings: settings above those of sources/kafka/server.properties.
    """

    NAME, LOG = "Kafka", "kafka.log"
    START_SECONDS, STOP_SECONDS = 120, 60

    def __init__(self, folder: Path, port: int, controller_port: int, settings: dict[str, str] | None = None) -> None:
        super().__init__(folder, port)
        self.controller_port = controller_port
        self.settings = settings or {}

    @property
    def bootstrap(self) -> str:
        """The address that its clients take."""
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return the command that runs the broker in the foreground."""
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    def prepare(self) -> bool:
        """Write the settings, and make the data folder when it is missing; return True when it was made.

        Raises:
            StackError: Java or the jars are missing, or the folder cannot be made.
        """
        try:
            check_programs(("java",))
        except JarsError as error:
            raise StackError(str(error)) from None
        if not any(jars_of("kafka").glob("kafka_*.jar")):
            raise StackError("Kafka's jars are missing: run 'make setup-kafka'.")
        # What a killed broker left there goes.
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(parents=True)
        own = {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "log.dirs": str(self._data),
            **self.settings,
        }
        shared = (SOURCE / "server.properties").read_text()
        lines = [shared, "# Of this machine: written at every start."]
        self._properties.write_text("\n".join([*lines, *(f"{name}={value}" for name, value in own.items())]) + "\n")
        if (self._data / "meta.properties").exists():
            return False
        # A cluster id is 16 random bytes in 22 characters, of which the first is no -: Kafka's own are made so, too.
        cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        answer = subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise StackError(f"Kafka's data folder could not be made:\n{answer.stdout.strip()}")
        return True

    def is_ready(self) -> bool:
        """Tell whether the broker answers its clients."""
        with socket.socket() as probe:
            # librdkafka would report each refused connection.
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        try:
            client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
            return bool(client.list_topics(timeout=5).brokers)
        except KafkaException:
            return False

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _temporary(self) -> Path:
        return self.folder / "tmp"

    def _java(self) -> list[str]:
        log = f"-Dlog4j2.configurationFile={SOURCE / 'log4j2.properties'}"
        temporary = f"-Djava.io.tmpdir={self._temporary}"
        return ["java", *JAVA_OPTIONS, log, temporary, "-cp", f"{jars_of('kafka')}{os.sep}*"]
