"""Programs that Go builds from a module of this repository: go.mod has the versions, go.sum the checksums."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


class GoError(Exception):
    """A sentence that says what is wrong and what to do."""


def build(source: Path, program: Path, *, package: str = ".", tags: Sequence[str] = ()) -> None:
    """Build a program, in place of the one that is there.

    Args:
        source: folder of go.mod.
        program: the file that is written; its folder is there.
        package: of the main function.
        tags: that the program is built with.

    Raises:
        GoError: Go is missing or older than go.mod says, or the build failed.
    """
    # Another version of Go, which it would look for elsewhere, is not wanted.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    needed = re.search(r"^go (\S+)", (source / "go.mod").read_text(), re.MULTILINE)[1]
    if not _has_go(needed, environment):
        raise GoError(f"Go {needed} or later is missing, which builds {program.name}: install it.")
    command = ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", f"-tags={','.join(tags)}"]
    with tempfile.TemporaryDirectory(dir=program.parent) as draft:
        new = Path(draft) / program.name
        answer = subprocess.run(
            [*command, "-o", new, package],
            cwd=source,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise GoError(f"{program.name} could not be built:\n{answer.stdout.strip()[-2000:]}")
        new.replace(program)


def _has_go(needed: str, environment: dict[str, str]) -> bool:
    if not shutil.which("go"):
        return False
    answer = subprocess.run(
        ["go", "env", "GOVERSION"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.match(r"go(\d+(?:\.\d+)+)", answer.stdout)
    return bool(found) and _numbers(found[1]) >= _numbers(needed)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
