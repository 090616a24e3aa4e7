"""JupyterHub of docker-compose.yml: for one team on one machine, each user with a JupyterLab and a folder of their own.

The users' servers are processes of the hub's own user: the folders are for order, and protect nobody from another. To
keep people apart, put another authenticator and another spawner in the place of these.
"""

import os
import shutil
from pathlib import Path

HOMES = Path(os.environ["JUPYTERHUB_HOMES"])
NOTEBOOKS = Path(os.environ["JUPYTERHUB_NOTEBOOKS"])


def give_notebooks(spawner: object) -> None:
    """Copy to a user's folder the notebooks that are not there yet: what they have changed stays theirs."""
    home = HOMES / spawner.user.name
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for source in sorted([*NOTEBOOKS.glob("*.py"), NOTEBOOKS / "jupytext.toml"]):
        if not (home / source.name).exists():
            shutil.copyfile(source, home / source.name)


c = get_config()  # noqa: F821
c.JupyterHub.bind_url = f"http://{os.environ['JUPYTERHUB_ADDRESS']}"
c.JupyterHub.hub_port = int(os.environ["JUPYTERHUB_PORT"])
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['JUPYTERHUB_PROXY_PORT']}"
c.ConfigurableHTTPProxy.pid_file = str(HOMES / ".proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{HOMES}/.jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(HOMES / ".cookie_secret")

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["JUPYTERHUB_PASSWORD"]
c.Authenticator.allowed_users = set(os.environ["JUPYTERHUB_USERS"].split())

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(HOMES / "{username}")
c.Spawner.pre_spawn_hook = give_notebooks
c.Spawner.notebook_dir = str(HOMES / "{username}")
c.Spawner.default_url = "/lab"
# What a kernel knows: the addresses of the warehouse as the analyst and of ClickHouse as its reader, and no more.
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "LANG", "LC_ALL", "JUPYTER_CONFIG_PATH", "WAREHOUSE_DSN", "CLICKHOUSE_URL"]
