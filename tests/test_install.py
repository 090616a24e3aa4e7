"""Installing packages shows one line, and why it failed where it did."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

UV = Path(sys.executable).with_name("uv")


def pinned(package: str) -> str:
    """Return the lines of requirements/dev.txt that are of a package, with its hashes."""
    (found,) = re.findall(rf"^{package}==.*?(?=^\S)", (ROOT / "requirements" / "dev.txt").read_text(), re.M | re.DOTALL)
    return found


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Path]:
    """An empty Python environment."""
    subprocess.run([UV, "venv", "--quiet", tmp_path / "venv"], check=True)
    return tmp_path / "venv"


def install(environment: Path, requirements: str, terminal: int | None = None) -> subprocess.CompletedProcess:
    """Run install.sh on a file of these requirements, whatever its status."""
    file = environment / "requirements.txt"
    file.write_text(requirements)
    return subprocess.run(
        ["bash", ROOT / "requirements" / "install.sh", UV, environment, file, "Installing a package"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def read_whole(terminal: int) -> str:
    """Return all that was written to a terminal whose other side is closed, and close it."""
    parts = []
    # Linux says so, by an error, where there is no more.
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 4096):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def test_a_log_file_gets_one_line(environment: Path) -> None:
    answer = install(environment, pinned("tabulate"))
    assert answer.returncode == 0, answer.stderr
    assert re.fullmatch(r"Installing a package \.\.\. \d+ s\n", answer.stdout)
    assert answer.stderr == ""
    assert list(environment.glob("lib/python*/site-packages/tabulate"))
    assert "tabulate" in (environment / "install.log").read_text()


def test_people_see_one_line_that_moves(environment: Path) -> None:
    ours, theirs = pty.openpty()
    answer = install(environment, pinned("tabulate"), theirs)
    os.close(theirs)
    shown = read_whole(ours)
    assert answer.returncode == 0, answer.stderr
    assert shown.count("\n") == 1
    assert re.search(r"\rInstalling a package \.\.\. \d+ s\r\n$", shown), shown
    assert re.search(r"^\rInstalling a package \.\.\. \d+ s  ", shown), shown


def test_a_failure_shows_the_end_of_the_log(environment: Path) -> None:
    answer = install(environment, re.sub(r"sha256:\w{4}", "sha256:0000", pinned("tabulate")))
    assert answer.returncode == 1
    assert answer.stdout == "Installing a package ... failed\n"
    assert answer.stderr.startswith(f"The packages of {environment}/requirements.txt were not installed. The end of ")
    assert f"{environment}/install.log:\n" in answer.stderr
    assert "Hash mismatch" in answer.stderr
    assert len(answer.stderr.splitlines()) <= 21


def test_every_environment_is_made_so() -> None:
    makefile = (ROOT / "Makefile").read_text()
    made = set(re.findall(r"^(\$\([A-Z]+\).*stamp): ", makefile, re.MULTILINE))
    # Go builds the marketplace's server.
    assert makefile.count("$(INSTALL) ") == len(made - {"$(FERRETDB)/.stamp"})
    assert "uv pip install" not in makefile
