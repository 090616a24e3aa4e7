"""JupyterLab on the embedded stack: ``python -m embedded.notebooks`` starts it, and says where it is."""

import sys

from embedded.environment import NOTEBOOKS_BIN, NOTEBOOKS_TOKEN
from embedded.errors import StackError
from embedded.settings import Settings
from embedded.stack import NOTEBOOKS, Stack, say
from migrations.plain import plain


def start(settings: Settings) -> None:
    """Start JupyterLab; where it runs it stays as it is, with the kernels that people have in it.

    Raises:
        StackError: its Python environment is missing, the stack does not run, or JupyterLab does not start.
    """
    stack = Stack(settings)
    if not is_installed():
        raise StackError("JupyterLab is not installed: run 'make notebooks', which installs it.")
    stack.check_running()
    stack.start_on_request(NOTEBOOKS)


def is_installed() -> bool:
    """Tell whether the notebooks' Python environment is there."""
    return (NOTEBOOKS_BIN / "jupyter-lab").exists()


def main() -> int:
    """Start JupyterLab on the stack the environment names; on failure print one sentence to stderr and return 1."""
    try:
        settings = Settings.from_environment()
        # Told before JupyterLab starts, which could only say that it did not.
        settings.warehouse_dsn_of("analyst")
        say("Starting JupyterLab ...")
        start(settings)
    except StackError as error:
        print(f"Error: {plain(str(error), keep=chr(10))}", file=sys.stderr)
        return 1
    print(
        f"JupyterLab is at {settings.notebooks_url}/lab\n"
        f"  it asks for the token in {settings.home}/secrets/{NOTEBOOKS_TOKEN}\n"
        "It runs until 'make stop'. A notebook runs as you, and reads the warehouse as the analyst."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
