"""The jars of a part, by Maven: ``python -m sources.jars kafka`` brings those of sources/kafka/pom.xml to .jars/kafka.

The versions are pinned in pom.xml, and jars.sha256 beside it has the checksum of every jar, those that the named ones
need included. A jar that differs, is missing or is not listed stops the command, and nothing is put in place: Maven
itself compares a jar only with the checksum that comes from the same place as the jar.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from migrations.plain import plain

ROOT = Path(__file__).parent.parent
JARS = ROOT / ".jars"
JAVA = 17
PACKAGES = {"java": "openjdk-17-jre-headless", "mvn": "maven"}


class JarsError(Exception):
    """A sentence that says what is wrong and what to do."""


def jars_of(part: str) -> Path:
    """Return the folder of a part's jars, made or not."""
    return JARS / part


def missing(programs: tuple[str, ...] = ("java", "mvn")) -> list[str]:
    """Return those of the programs that this machine has not, or has in a version that is too old."""
    return [name for name in programs if not shutil.which(name) or (name == "java" and _java_version() < JAVA)]


def check_programs(programs: tuple[str, ...] = ("java", "mvn")) -> None:
    """Make sure that Java and Maven are there.

    Raises:
        JarsError: they are not; it names the Debian packages.
    """
    if absent := missing(programs):
        names = " and ".join({"java": f"Java {JAVA}", "mvn": "Maven"}[name] for name in absent)
        packages = " ".join(PACKAGES[name] for name in absent)
        are = "is" if len(absent) == 1 else "are"
        raise JarsError(
            f"{names} {are} missing, which Kafka and Spark need: run 'apt-get install {packages}' (Debian 12)."
        )


def bring(part: str, source: Path | None = None, target: Path | None = None, record: bool = False) -> int:
    """Bring the jars of a part to their folder, in place of what is there; return how many they are.

    Args:
        part: name of the folder in sources/.
        source: folder of pom.xml and jars.sha256, of the part by default.
        target: folder of the jars, .jars/PART by default.
        record: write jars.sha256 instead of comparing with it.

    Raises:
        JarsError: a program is missing, Maven failed, or a jar is not the one that jars.sha256 names.
    """
    check_programs()
    source = source or ROOT / "sources" / part
    target = target or jars_of(part)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{part}-") as folder:
        draft = Path(folder) / "jars"
        _copy(source / "pom.xml", draft)
        found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(draft.glob("*.jar"))}
        listed = source / "jars.sha256"
        if record:
            listed.write_text("".join(f"{checksum}  {name}\n" for name, checksum in found.items()))
        elif differences := compare(found, read(listed)):
            more = "; ..." if len(differences) > 3 else ""
            raise JarsError(
                f"The jars that Maven brought are not those of {listed} ({'; '.join(differences[:3])}{more}): none is "
                f"used. Find out why before you record them by 'python -m sources.jars {part} --record'."
            )
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    return len(found)


def read(file: Path) -> dict[str, str]:
    """Return the checksum by the name of a jar, as sha256sum writes them."""
    lines = file.read_text().splitlines() if file.exists() else []
    return {name: checksum for checksum, name in (line.split(maxsplit=1) for line in lines)}


def compare(found: dict[str, str], listed: dict[str, str]) -> list[str]:
    """Return in words how the jars that there are differ from the listed ones."""
    return [
        *(f"{name} is not listed" for name in sorted(found.keys() - listed.keys())),
        *(f"{name} is missing" for name in sorted(listed.keys() - found.keys())),
        *(f"{name} differs" for name in sorted(found.keys() & listed.keys()) if found[name] != listed[name]),
    ]


def _copy(pom: Path, target: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom)]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    answer = subprocess.run(
        [*command, *goal],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if answer.returncode != 0 or not target.is_dir():
        # Maven writes codes of colours even into a file.
        lines = re.sub(r"\x1b\[[0-9;]*m", "", answer.stdout).splitlines()
        errors = [line for line in lines if line.startswith("[ERROR]")] or lines
        said = plain(errors[0] if errors else "")[:600] or f"status {answer.returncode}"
        raise JarsError(f"Maven could not bring the jars of {pom}: {said}")


def _java_version() -> int:
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(version[1]) if version else 0


def main(arguments: list[str] | None = None) -> int:
    """Bring the jars of a part; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(prog="python -m sources.jars", description="Bring the jars of a part by Maven.")
    parser.add_argument("part", nargs="?", help="a folder of sources/ with a pom.xml: kafka, stream")
    parser.add_argument("--record", action="store_true", help="write jars.sha256 instead of comparing with it")
    parser.add_argument("--check", action="store_true", help="only say whether Java and Maven are there")
    parser.add_argument("--only", choices=sorted(PACKAGES), help="of --check: only this one")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            check_programs((options.only,) if options.only else tuple(PACKAGES))
            return 0
        known = sorted(file.parent.name for file in (ROOT / "sources").glob("*/pom.xml"))
        if options.part not in known:
            raise JarsError(f"There are no jars of '{plain(options.part or '')}': name one of {', '.join(known)}.")
        print(f"Bringing the jars of {options.part} ... ", end="", flush=True)
        print(f"{bring(options.part, record=options.record)} jars")
    except JarsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
