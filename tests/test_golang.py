"""sources/golang.py: builds by Go, and what it says where that cannot be. Go is a script here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sources import golang

VERSION = 'if [ "$1" = env ]; then echo go1.26.8; exit; fi'


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Function that makes Go a script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "go.mod").write_text("module tshop\n\ngo 1.24.9\n")
    # The shell's own commands are enough, and Go is nowhere else.
    monkeypatch.setenv("PATH", str(folder))

    def make(script: str) -> None:
        (folder / "go").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "go").chmod(0o755)

    return make


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """File of a program that is there already."""
    (tmp_path / "server").write_text("the old one")
    return tmp_path / "server"


def test_a_program_is_built_in_place_of_the_old_one(go, program, tmp_path):
    go(f'{VERSION}\nwhile [ "$1" != -o ]; do shift; done\necho "$3 in $PWD with $GOTOOLCHAIN" >"$2"')
    golang.build(tmp_path, program, package="./cmd")
    assert program.read_text() == f"./cmd in {tmp_path} with local\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bin", "go.mod", "server"]


def test_a_build_that_fails_keeps_the_old_one_and_shows_what_go_says(go, program, tmp_path):
    go(f"{VERSION}\necho 'missing go.sum entry' >&2; exit 1")
    with pytest.raises(golang.GoError, match=r"(?s)server could not be built:.*missing go\.sum entry"):
        golang.build(tmp_path, program)
    assert program.read_text() == "the old one"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bin", "go.mod", "server"]


@pytest.mark.parametrize("version", ["go1.24.9", "go1.24.10 X:nodwarf5", "go1.25", "go2.0"])
def test_a_go_of_the_version_in_go_mod_or_later_builds(go, program, tmp_path, version):
    go(f'if [ "$1" = env ]; then echo {version}; exit; fi\nwhile [ "$1" != -o ]; do shift; done\necho new >"$2"')
    golang.build(tmp_path, program)
    assert program.read_text() == "new\n"


@pytest.mark.parametrize("version", ["go1.24.8", "go1.24", "go1.23.12", "go1.9", "devel", None])
def test_a_go_that_is_missing_or_too_old_is_told(go, program, tmp_path, version):
    if version:
        go(f"echo {version}")
    with pytest.raises(golang.GoError, match=r"^Go 1\.24\.9 or later is missing, which builds server: install it\.$"):
        golang.build(tmp_path, program)
    assert program.read_text() == "the old one"
