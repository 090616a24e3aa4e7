"""The pinned requirements: wheels, but for named packages that are built by pinned tools."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

FOLDER = ROOT / "requirements"
FILES = sorted(FOLDER.glob("*.txt"))
UV = Path(sys.executable).with_name("uv")


def test_all_files_are_compiled_by_make() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nrequirements:")[1]
    names = re.search(r"for name in (.+?); do", recipe, re.DOTALL)[1].replace("\\\n", " ").split()
    assert sorted(names) == [file.stem for file in FILES] == sorted(file.stem for file in FOLDER.glob("*.in"))


def source(folder: Path, name: str) -> str:
    """Make the source of a package, and return the line that requires it."""
    (folder / name).mkdir()
    (folder / name / "setup.py").write_text(f"from setuptools import setup\nsetup(name='{name}', version='1')\n")
    subprocess.run(["tar", "-czf", f"{name}-1.tar.gz", name], cwd=folder, check=True)
    digest = hashlib.sha256((folder / f"{name}-1.tar.gz").read_bytes()).hexdigest()
    return f"{name} @ file://{folder}/{name}-1.tar.gz --hash=sha256:{digest}\n"


def test_what_has_no_wheel_is_built_by_tools_with_the_pinned_hashes_or_refused(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    shutil.copyfile(FOLDER / "install.sh", tmp_path / "install.sh")
    pinned = (FOLDER / "build.txt").read_text()

    def install(name: str, build: str) -> subprocess.CompletedProcess:
        (tmp_path / "build.txt").write_text(build)
        requirements = tmp_path / f"{name}.txt"
        if not requirements.exists():
            requirements.write_text(source(tmp_path, name))
        return subprocess.run(
            ["bash", tmp_path / "install.sh", UV, tmp_path / "environment", requirements, "Installing"],
            capture_output=True,
            text=True,
            check=False,
        )

    # One of those that are named, in a version that no cache knows.
    answer = install("odfpy", re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", pinned))
    assert answer.returncode == 1
    assert "Hash mismatch for `setuptools" in answer.stderr
    answer = install("odfpy", pinned)
    assert answer.returncode == 0, answer.stderr

    answer = install("another", pinned)
    assert answer.returncode == 1
    assert "another" in answer.stderr
    assert "disabled" in answer.stderr
