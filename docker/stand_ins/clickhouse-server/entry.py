"""Starts the endpoint as the server's configuration says: config.d, users.d, and what they read of the environment."""

import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

FOLDER = Path("/etc/clickhouse-server")
COLLECTION = "tshop_warehouse"
OWNER, READER = "tshop", "tshop_dashboard"


def value(root: ElementTree.Element, path: str) -> str:
    """Return what an element holds, or the environment variable that it names."""
    element = root.find(path)
    if element is None:
        sys.exit(f"The configuration in {FOLDER} has no {path}.")
    variable = element.get("from_env")
    return os.environ[variable] if variable else element.text


def main() -> None:
    """Write the endpoint's own configuration, and become the endpoint."""
    print(os.environ["STAND_IN"], file=sys.stderr, flush=True)
    config = ElementTree.parse(FOLDER / "config.d" / "tshop.xml").getroot()  # noqa: S314
    users_file = FOLDER / "users.d" / "tshop.xml"
    users = ElementTree.parse(users_file).getroot()  # noqa: S314
    warehouse = {
        name: value(config, f"named_collections/{COLLECTION}/{name}")
        for name in ("host", "port", "user", "password", "database")
    }
    os.environ["WAREHOUSE_DSN"] = "postgresql://{user}:{password}@{host}:{port}/{database}".format(
        **{name: quote(text, safe="") for name, text in warehouse.items()}
    )
    os.environ["CLICKHOUSE_USER"] = OWNER
    os.environ["CLICKHOUSE_PASSWORD"] = value(users, f"users/{OWNER}/password")
    os.environ["READER_PASSWORD"] = value(users, f"users/{READER}/password")
    with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as own:
        own.write(
            f'database = "tshop"\nlimits_prefix = "TSHOP_CLICKHOUSE_"\n[reader]\nuser = "{READER}"\n'
            f'password_variable = "READER_PASSWORD"\nusers_file = "{users_file}"\n'
            f'[postgresql]\ncollection = "{COLLECTION}"\ndsn_variable = "WAREHOUSE_DSN"\n'
        )
    listen = ["--host", value(config, "listen_host"), "--port", "8123"]
    command = ["-m", "clickhouse_server", "--config", own.name, "--path", "/var/lib/clickhouse", *listen]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606


if __name__ == "__main__":
    main()
