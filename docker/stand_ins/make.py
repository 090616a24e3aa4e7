"""Stand-ins for the ready-made images, where no registry can be reached: ``make.py FOLDER SOCKET``.

Makes, in the engine that listens on SOCKET, an image for each tag that docker-compose.yml and the Dockerfiles take from
a registry and that there is a stand-in for: the base of Python from Debian's packages, and from it each other by the
Dockerfile in the folder that is named for it. FOLDER is for what is written on the way. An image that the engine has,
or that a registry gives, is not replaced. Each stand-in has the label ``stand-in``, and so has every image that is
built on one: it says what the stand-in leaves out. Needs root and debootstrap.

The stand-ins have the names of real images, so the machine's own engine, whose services would run on them, is refused.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.append(str(ROOT))

from sources import golang  # noqa: E402
from sources.marketplace.server import TAGS  # noqa: E402

FOLDER = Path(__file__).parent
TAKEN = re.compile(
    r"^(?: +image:|FROM) +([a-z0-9./-]+:[0-9][\w.-]*(?:@sha256:[0-9a-f]{64})?)(?: AS [a-z]+)?$", re.MULTILINE
)
# What the stand-ins are built from.
CONTEXT = ("docker/stand_ins", "requirements", "clickhouse_server", "migrations", "sources")
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "netbase", "tzdata", "python3", "python3-pip", "python3-venv")
LEFT_OUT = (
    "This is a stand-in for python: Debian's packages. It leaves out: the patch version that the tag names (Debian has "
    "another one), and Debian's security updates."
)
# How this machine reaches package registries.
CERTIFICATES = "usr/local/share/ca-certificates"
PIP_SETTINGS = "etc/pip.conf"
# What the engine says where no registry can be reached. Any other answer is one of a registry.
UNREACHABLE = re.compile(
    r"no such host|connection refused|i/o timeout|network is unreachable|no route to host|failure in name resolution|"
    r"server misbehaving|TLS handshake timeout|while waiting for connection|while awaiting headers"
)
# Of the machine's own engine.
SYSTEM_SOCKET = Path("/var/run/docker.sock")
HOST = re.compile(r"(?<=://)[^/\s]+")


class StandInError(Exception):
    """A sentence that says what is wrong and what to do."""


def taken() -> list[str]:
    """Return the tags that the compose file and the Dockerfiles take from a registry; the base of the others first."""
    files = [ROOT / "docker-compose.yml", *sorted((ROOT / "docker").glob("*/Dockerfile"))]
    found = {tag for file in files for tag in TAKEN.findall(file.read_text())}
    return sorted(found, key=lambda tag: (name_of(tag) != "python", tag))


def name_of(tag: str) -> str:
    """Return the last part of the name of an image, without its tag."""
    return tag.partition(":")[0].rpartition("/")[2]


def has_stand_in(tag: str) -> bool:
    """Tell whether a stand-in can be made for a tag."""
    return name_of(tag) == "python" or (FOLDER / name_of(tag) / "Dockerfile").exists()


def docker(*arguments: str, check: bool = True, **how: object) -> subprocess.CompletedProcess:
    """Run the engine's client.

    Raises:
        StandInError: it failed.
    """
    answer = subprocess.run(
        ["docker", *arguments],
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **how,
    )
    if check and answer.returncode != 0:
        raise StandInError(f"docker {arguments[0]} failed:\n{answer.stdout.decode(errors='replace')[-4000:]}")
    return answer


def state_of(tag: str) -> str | None:
    """Return what the engine's image of a tag is: "stand-in", "image", or None where it has none."""
    label = '{{index .Config.Labels "stand-in"}}'
    answer = docker("image", "inspect", "--format", label, tag, check=False)
    if answer.returncode != 0:
        return None
    return "stand-in" if answer.stdout.strip() not in (b"", b"<no value>") else "image"


def registry_gives(tag: str) -> bool:
    """Tell whether a registry gives an image, which the engine has then, or whether none can be reached.

    Raises:
        StandInError: a registry answers, and does not give it.
    """
    answer = docker("pull", "--quiet", tag, check=False)
    said = answer.stdout.decode(errors="replace").strip()
    if answer.returncode != 0 and not UNREACHABLE.search(said):
        raise StandInError(f"A registry answers and does not give {tag}: {said}")
    return answer.returncode == 0


def make_base(tag: str, work: Path) -> None:
    """Make the image of Python.

    Raises:
        StandInError: a program is missing, or Debian's packages cannot be had.
    """
    if not shutil.which("debootstrap"):
        raise StandInError("debootstrap is missing: run 'apt-get install debootstrap'.")
    with tempfile.TemporaryDirectory(dir=work) as draft:
        root = Path(draft) / "root"
        log = work / "debootstrap.log"
        with log.open("wb") as written:
            command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root]
            if subprocess.run(command, stdout=written, stderr=written, check=False).returncode != 0:
                raise StandInError(f"Debian's packages cannot be had: see {log}.")
        for certificate in Path("/", CERTIFICATES).glob("*.crt"):
            shutil.copy(certificate, root / CERTIFICATES)
        if Path("/", PIP_SETTINGS).exists():
            shutil.copy(Path("/", PIP_SETTINGS), root / PIP_SETTINGS)
        if subprocess.run(["chroot", root, "update-ca-certificates"], capture_output=True, check=False).returncode != 0:
            raise StandInError("The certificates of this machine cannot be put into the base.")
        # Here it is the image's own Python, into which pip installs.
        for mark in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            mark.unlink()
        for name in ("python", "python3"):
            (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
        shutil.rmtree(root / "var/cache/apt/archives")
        shutil.rmtree(root / "var/lib/apt/lists")
        archive = root.with_suffix(".tar")
        if subprocess.run(["tar", "--create", f"--file={archive}", f"--directory={root}", "."], check=False).returncode:
            raise StandInError("The files of the base could not be read.")
        changes = ('CMD ["python3"]', f'LABEL stand-in="{LEFT_OUT}"', "ENV LANG=C.UTF-8")
        docker("import", *(f"--change={one}" for one in changes), str(archive), tag)


def make(tag: str, base: str, work: Path) -> None:
    """Make the image of a tag by its Dockerfile, from the base.

    Raises:
        StandInError: the build failed.
        golang.GoError: so did that of its program.
    """
    context = io.BytesIO()
    # Docker does not take the other format, of POSIX, for an archive.
    with tarfile.open(fileobj=context, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for part in CONTEXT:
            archive.add(ROOT / part, part, filter=lambda one: None if "__pycache__" in one.name else one)
        if (source := FOLDER / name_of(tag)).joinpath("go.mod").exists():
            program = work / f"stand-in-for-{name_of(tag)}"
            golang.build(source, program, tags=TAGS)
            archive.add(program, "program")
    file = f"docker/stand_ins/{name_of(tag)}/Dockerfile"
    arguments = ("--network=host", f"--build-arg=BASE={base}", f"--file={file}", f"--tag={tag}", "-")
    docker("build", *arguments, input=context.getvalue())


def make_all(work: Path) -> None:
    """Make the images that the engine lacks, and print what each tag is.

    Raises:
        StandInError, golang.GoError: one could not be made.
    """
    base, *others = taken()
    is_reachable = None
    for tag in (base, *others):
        state = state_of(tag)
        if state is None and is_reachable is not False:
            gives = registry_gives(tag)
            if is_reachable and not gives:
                raise StandInError(f"The registry could be reached before, and cannot for {tag}: try again.")
            is_reachable = gives
            state = "image" if gives else None
        if state is None and "@" in tag:
            raise StandInError(f"No registry can be reached, and {tag} is pinned: a stand-in has another digest.")
        if state is None and has_stand_in(tag):
            print(f"{tag}: making a stand-in ...", flush=True)
            if tag == base:
                make_base(tag, work)
            else:
                make(tag, base, work)
            state = "stand-in"
        print(f"{tag}: {state or 'there is no stand-in for it'}", flush=True)


def main() -> int:
    """Make them all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for what is written on the way")
    parser.add_argument("socket", type=Path, help="of a Docker engine that serves this test alone")
    options = parser.parse_args()
    if options.socket.resolve() == SYSTEM_SOCKET.resolve():
        parser.error(f"{options.socket} is the machine's own engine, whose services would run on stand-ins")
    os.environ["DOCKER_HOST"] = f"unix://{options.socket.resolve()}"
    try:
        make_all(options.folder)
    except (StandInError, golang.GoError) as error:
        # An address of a package registry may have a user's password.
        print(HOST.sub("…", str(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
