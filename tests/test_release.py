"""A release: the wheel works without the repository, and the version has one home."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run a command with these variables and no others, whatever its status."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of the repository's files, without what git ignores."""
    folder = tmp_path_factory.mktemp("source") / "tshop"
    lines = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line and not line.startswith("#")]
    names = [line.strip("/") for line in lines]
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".env.??????", *names))
    return folder


def test_make_version_prints_the_version():
    answer = run("make", "version")
    assert (answer.returncode, answer.stdout) == (0, f"{PROJECT['version']}\n"), answer.stderr


def test_no_other_file_repeats_the_version(source: Path):
    # requirements/, go.mod and go.sum have the versions of others, one of which may be the same number.
    ours = re.compile(rf"(?<![\d.]){re.escape(PROJECT['version'])}(?![\d.]*\d)")
    texts = {
        str(file.relative_to(source)): file.read_text(encoding="utf-8")
        for file in source.rglob("*")
        if file.is_file() and file.suffix not in (".png", ".csv", ".mod", ".sum")
    }
    found = {name for name, text in texts.items() if not name.startswith("requirements/") and ours.search(text)}
    assert found - {"CHANGELOG.md"} == {"pyproject.toml"}


def test_the_changelog_tells_of_this_version_or_of_work_since():
    headings = re.findall(r"^## \[?([\w.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in ("Unreleased", PROJECT["version"])


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the wheel is installed in."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-cache-dir")
    # The backend of pyproject.toml is in this environment: nothing is fetched.
    offline = ("--no-deps", "--no-index")
    built = run(*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", folder, ".", cwd=source)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.startswith(f"tshop_warehouse-{PROJECT['version']}-")
    placed = run(*pip, "install", *offline, "--target", folder / "installed", wheel)
    assert placed.returncode == 0, placed.stdout + placed.stderr
    return folder / "installed"


def test_the_wheel_holds_all_of_its_packages_and_nothing_else(installed: Path, source: Path):
    def files(folder: Path, *packages: str) -> set[str]:
        found = {str(file.relative_to(folder)) for name in packages for file in (folder / name).rglob("*.*")}
        return {name for name in found if "dist-info" not in name and "__pycache__/" not in name}

    assert files(installed, "") == files(source, "clickhouse_server", "generator", "migrations", "db")


def test_the_wheel_asks_for_what_the_warehouse_needs_and_by_an_extra_for_the_endpoints(installed: Path):
    def wanted(name: str) -> list[str]:
        lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
        return [line for line in lines if not line.startswith("#")]

    (metadata,) = installed.glob("*.dist-info/METADATA")
    text = metadata.read_text()
    asked = re.findall(r"^Requires-Dist: ([^;\s]+)(?:; extra == \"(\S+)\")?$", text, re.MULTILINE)
    assert [name for name, extra in asked if not extra] == wanted("warehouse")
    assert [name for name, extra in asked if extra == "clickhouse-server"] == wanted("clickhouse-server")
    assert "\nLicense-Expression: Apache-2.0\n" in text


def test_the_installed_generator_tells_how_it_is_used(installed: Path):
    answer = run(sys.executable, "-m", "generator", "--help", cwd=installed.parent, PYTHONPATH=str(installed))
    assert answer.returncode == 0, answer.stderr
    assert "--from" in answer.stdout


def test_the_installed_endpoint_tells_how_it_is_used(installed: Path):
    answer = run(sys.executable, "-m", "clickhouse_server", "--help", cwd=installed.parent, PYTHONPATH=str(installed))
    assert answer.returncode == 0, answer.stderr
    assert "--config" in answer.stdout


def test_the_installed_migrations_make_the_warehouse_that_the_generator_fills(installed: Path, empty_database: str):
    known = {"PYTHONPATH": str(installed), "WAREHOUSE_DSN": empty_database}
    answer = run(sys.executable, "-m", "migrations", cwd=installed.parent, **known)
    assert answer.returncode == 0, answer.stderr
    shop = ("--from", "2026-01-01", "--clients", "100", "--products", "10")
    answer = run(sys.executable, "-m", "generator", *shop, cwd=installed.parent, **known)
    assert answer.returncode == 0, answer.stderr
    # These files say that nothing is missing, as those of the repository would.
    assert run(sys.executable, "-m", "migrations", "--check", WAREHOUSE_DSN=empty_database).returncode == 0


def test_the_devcontainer_runs_the_first_command_of_the_readme_and_shows_all_ports():
    devcontainer = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    first = re.search(r"^```sh\n(.*?)(?:\s+#.*)?$", (ROOT / "README.md").read_text(), re.MULTILINE)[1]
    assert devcontainer["postCreateCommand"] == first
    ports = {int(port) for port in re.findall(r"TSHOP_\w+_PORT (\d+)", run("make", "help").stdout)}
    assert len(ports) >= 4
    assert set(devcontainer["forwardPorts"]) == ports


def test_the_workflow_runs_what_continuous_integration_runs():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    commands = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in commands
