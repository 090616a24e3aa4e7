"""ClickHouse endpoints of the tests' own."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Followed by --path and --port.
COMMAND = (sys.executable, "-m", "clickhouse_server", "--config", str(ROOT / "clickhouse" / "endpoint.toml"))
TIMEOUT_SECONDS = 60


def start(data: Path, port: int, log: Path, user: str, password: str, **environment: str) -> subprocess.Popen:
    """Start an endpoint on a folder of data and return its process once it answers; the test fails where it does not.

    Args:
        data: its folder.
        port: TCP port.
        log: file that its output is added to.
        user, password: who builds.
        environment: more variables.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "--path", str(data), "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "CLICKHOUSE_USER": user, "CLICKHOUSE_PASSWORD": password, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    end = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
            return process
        time.sleep(0.1)
    process.kill()
    process.wait()
    return pytest.fail(f"The endpoint did not start:\n{log.read_text(errors='replace')}", pytrace=False)
