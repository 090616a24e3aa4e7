"""The operating-system user PostgreSQL runs as.

PostgreSQL refuses to run as root. Started by root it runs as a system user of its own; started by anyone else, as them.
"""

import contextlib
import functools
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import StackError

NAME = "tshop"
# Where data goes that the system user could not reach inside the repository.
OUTSIDE = Path("/var/lib/tshop")


@dataclass(frozen=True)
class OsUser:
    """Name and ids of an operating-system user."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """True when it is not the user this process runs as."""
        return self.uid != os.geteuid()

    def popen_arguments(self) -> dict:
        """Return the arguments of subprocess that make a child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def can_reach(self, path: Path) -> bool:
        """Tell whether the user can enter the folder or run the program path; the kernel is asked, so ACLs count."""
        answer = subprocess.run(["/usr/bin/test", "-x", str(path)], cwd="/", check=False, **self.popen_arguments())
        return answer.returncode == 0

    def own(self, path: Path, mode: int = 0o700) -> Path:
        """Make the folder path, if need be, the user's own; its missing parents can be traversed by everybody."""
        if not path.exists():
            for parent in reversed(path.parents):
                if not parent.exists():
                    parent.mkdir()
                    parent.chmod(0o711)
            path.mkdir()
        path.chmod(mode)
        if self.is_other:
            os.chown(path, self.uid, self.gid)
        return path


@functools.cache
def postgres_user() -> OsUser:
    """Return the user PostgreSQL runs as; where this process is root's, make the system user when it is missing.

    Raises:
        StackError: it is missing and cannot be made.
    """
    if os.geteuid() != 0:
        me = os.geteuid()
        with contextlib.suppress(KeyError):
            return OsUser(pwd.getpwuid(me).pw_name, me, os.getegid())
        raise StackError(
            f"The user id {me} has no entry in /etc/passwd, which PostgreSQL needs: add one, or start as another user."
        )
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--no-create-home",
            "--home-dir",
            str(OUTSIDE),
            "--shell",
            "/usr/sbin/nologin",
        ]
        try:
            subprocess.run([*command, NAME], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip()
            raise StackError(
                f"PostgreSQL does not run as root and the system user {NAME} could not be made ({reason}): "
                f"make it by 'useradd --system {NAME}', or start as another user."
            ) from error
        print(f"Made the system user {NAME}: PostgreSQL does not run as root.", file=sys.stderr, flush=True)
        entry = pwd.getpwnam(NAME)
    return OsUser(NAME, entry.pw_uid, entry.pw_gid)


def postgres_user_exists() -> bool:
    """Tell whether postgres_user() would find its user."""
    if os.geteuid() != 0:
        return True
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(NAME))
    return False


def reachable_folder(wanted: Path) -> Path:
    """Return wanted if the user of PostgreSQL can reach it, else outside_folder(wanted)."""
    user = postgres_user()
    existing = next(folder for folder in (wanted, *wanted.parents) if folder.exists())
    if not user.is_other or user.can_reach(existing):
        return wanted
    return outside_folder(wanted)


def outside_folder(wanted: Path) -> Path:
    """Return the folder that stands in for one that the user of PostgreSQL cannot reach, the same one every time."""
    return OUTSIDE / hashlib.sha256(str(wanted).encode()).hexdigest()[:12] / wanted.name


def reachable_copy(folder: Path, sample: str, *parts: str) -> Path:
    """Return folder if the user of PostgreSQL can run its program named sample, else a copy where they can.

    Args:
        folder: the folder.
        sample: path of a program in it.
        parts: names of what is copied of it, folders.
    """
    user = postgres_user()
    if not user.is_other or user.can_reach(folder / sample):
        return folder
    copy = copy_of(folder, sample)
    if not copy.exists():
        user.own(copy.parent, 0o711)
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in parts:
            shutil.copytree(folder / part, partial / part, symlinks=True)
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                # Open to all for reading, and where its owner could, for running.
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (mode & 0o100) // 0o100 * 0o111)
        try:
            partial.rename(copy)
        except OSError:
            # Someone else was first: theirs is the same.
            shutil.rmtree(partial)
    return copy


def copy_of(folder: Path, sample: str) -> Path:
    """Return where reachable_copy() puts its copy of a folder, made or not."""
    stamp = (folder / sample).stat()
    label = hashlib.sha256(f"{folder}:{stamp.st_size}:{stamp.st_mtime_ns}".encode()).hexdigest()[:12]
    return OUTSIDE / "programs" / label
