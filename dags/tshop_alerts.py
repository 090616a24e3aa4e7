"""Tells people of a failed task, of a run that was cut off, of missing files: by Telegram or any channel of Apprise.

Off by default. The channels are Apprise's URLs, such as tgram://BOT_TOKEN/CHAT_ID, in the environment variable
TSHOP_ALERT_URLS or in the file that TSHOP_ALERT_URLS_FILE names, several of them apart by blanks or lines. They are
secrets: they go to the program that sends by its environment, and what it says goes nowhere. docs/watching.md tells
more.

``python dags/tshop_alerts.py`` sends a test message.
"""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

log = logging.getLogger(__name__)

# How long sending a message may take, in seconds. Airflow ends a task's process 20 seconds after the task's own end.
TIMEOUT_SECONDS = 15
# Characters of what the error says; Telegram takes 4096 in all.
LONGEST = 800
# The variables of our environment that the sender gets, in addition to the channels.
KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "http_proxy", "https_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)
CREDENTIALS = re.compile(r"(?<=://)[^\s/@]*@")


def notify_failure(context: Mapping[str, Any]) -> None:
    """Tell people that a task has failed for good: a callback for on_failure_callback.

    Nothing here changes the task's outcome: a message that cannot be sent is a line in the task's log.
    """
    ti = context["ti"]
    _notify(f"{_short(ti.dag_id, 100)}.{_short(ti.task_id, 100)} failed", lambda: _text(context))


def notify_run_failure(context: Mapping[str, Any]) -> None:
    """Tell people that a run was cut off by its time limit: a callback for a DAG's on_failure_callback.

    A run that failed for another reason says nothing: its failed task has.
    """
    if context["reason"] == "timed_out":
        dag = context["dag"]
        _notify(f"{_short(dag.dag_id, 100)} was cut off", lambda: _run_text(dag, context["run_id"]))


def tell(title: str, text: str) -> None:
    """Tell people of what is no failure of a task, but wants them to do something."""
    _notify(title, lambda: text, kind="warning", what=title)


def _notify(title: str, text: Callable[[], str], kind: str = "failure", what: str = "the failure") -> None:
    try:
        if urls := _urls():
            if _send(urls, title, text(), kind):
                log.info("People were told of %s", what)
            else:
                log.warning("People could not be told of %s by every channel of TSHOP_ALERT_URLS", what)
    except subprocess.TimeoutExpired:
        log.warning("People could not be told of %s within %s seconds", what, TIMEOUT_SECONDS)
    except Exception:
        log.exception("People could not be told of %s", what)


def message_of(error: BaseException | str | None) -> str:
    """Return what an error says in its first line; never its detail, which may hold a row."""
    diag = getattr(error, "diag", None)
    message = getattr(diag, "message_primary", None)
    if message is not None:
        return message
    # The server said nothing: it was lost, or the task ran out of time, or its process was killed. Further lines would
    # be a detail, or the statement.
    first = str(error or "").strip().split("\n", 1)[0]
    # A program that has failed has said why itself.
    if isinstance(error, BaseException) and not isinstance(error, SystemExit):
        return f"{type(error).__name__}: {first}"
    return first or "The task ended without an error of its own"


def _urls() -> str:
    """Return the channels, "" where there are none."""
    given = os.environ.get("TSHOP_ALERT_URLS", "")
    file = os.environ.get("TSHOP_ALERT_URLS_FILE", "")
    if not given.strip() and file and Path(file).exists():
        given = Path(file).read_text(encoding="utf-8")
    return " ".join(given.split())


def _text(context: Mapping[str, Any]) -> str:
    """Return the text of the message about a failure."""
    ti = context["ti"]
    error = context.get("exception")
    diag = getattr(error, "diag", None)
    lines = [
        f"DAG: {ti.dag_id}",
        f"Run: {_short(ti.run_id, 200)}",
        f"Task: {ti.task_id}, attempt {ti.try_number}",
        f"Error: {_short(message_of(error), LONGEST)}",
    ]
    if sqlstate := getattr(diag, "sqlstate", None):
        lines.append(f"SQLSTATE: {sqlstate}")
    if hint := getattr(diag, "message_hint", None):
        lines.append(f"Hint: {_short(hint, LONGEST)}")
    return "\n".join([*lines, f"Log: {ti.log_url}"])


def _run_text(dag: Any, run_id: str) -> str:
    """Return the text of the message about a run that was cut off."""
    from airflow.sdk.configuration import conf

    hours = dag.dagrun_timeout.total_seconds() / 3600
    address = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    return "\n".join(
        (
            f"DAG: {dag.dag_id}",
            f"Run: {_short(run_id, 200)}",
            f"Error: It took longer than {hours:g} hours, its limit: what had not ended was given up",
            f"Run's page: {address}/dags/{dag.dag_id}/runs/{quote(run_id)}",
        )
    )


def _short(text: str, longest: int) -> str:
    """Return a text as one line of at most so many characters, without the credentials of an address in it."""
    line = CREDENTIALS.sub("***@", " ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _send(urls: str, title: str, text: str, kind: str = "failure") -> bool:
    """Send a message to all channels and return whether all accepted it.

    It is done by another process, which is killed where a channel hangs, and whose output, where a channel's address
    might stand, is thrown away.

    :raises subprocess.TimeoutExpired: it took too long
    """
    answer = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("apprise")), "--storage-mode", "memory"),
            *("--notification-type", kind, "--input-format", "text", "--title", title),
        ],
        input=text,
        env={**{name: os.environ[name] for name in KEPT if name in os.environ}, "APPRISE_URLS": urls},
        text=True,
        encoding="utf-8",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return answer.returncode == 0


def main() -> int:
    """Send a message to all channels; print whether they accepted it, and return 1 if one did not."""
    try:
        urls = _urls()
        if not urls:
            file = os.environ.get("TSHOP_ALERT_URLS_FILE") or "that TSHOP_ALERT_URLS_FILE names"
            print(f"Nobody would be told: write a channel, such as tgram://BOT_TOKEN/CHAT_ID, into the file {file}.")
            return 1
        sent = _send(urls, "T-Shop: a try", "Failed tasks will be told of here.")
    except OSError as error:
        print(f"The channels can not be used: {error.filename}: {error.strerror}.")
        return 1
    except subprocess.TimeoutExpired:
        sent = False
    print("All channels took the word." if sent else "A channel did not take the word: correct its URL, or try again.")
    return 0 if sent else 1


if __name__ == "__main__":
    sys.exit(main())
