"""Command line of the embedded stack: ``python -m embedded COMMAND``; ``--help`` lists the commands."""

import argparse
import errno
import os
import subprocess
import sys

from embedded import reach, stack
from embedded.environment import PARTS, environment_over_ours
from embedded.errors import StackError
from embedded.settings import PORTS, WAREHOUSE_ROLES, Settings
from migrations.plain import plain


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.command(Settings.from_environment(), options)
        sys.stdout.flush()
        return status
    except StackError as error:
        print(f"Error: {plain(str(error), keep=chr(10))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Who reads has read enough, such as head; what is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        print(f"Error: {_about_files(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the stack stays as it is: 'make stop' stops it.", file=sys.stderr)
        return 130


def _about_files(error: OSError) -> str:
    """Return a sentence on a file or a disk that cannot be used; an error of another kind is raised again."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.strerror}: free some space, or set TSHOP_HOME to a folder on another disk."
    if error.filename is None:
        raise error
    return (
        f"{error.filename} cannot be used ({error.strerror}): run as the user who owns it, or set TSHOP_HOME to a "
        "folder that you may write to."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description="The T-Shop stack on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    add("up", _up, "Start the stack and wait until it is healthy.")
    add("down", _down, "Stop the stack; its data stays.")
    command = add(
        "status",
        _status,
        "Show how the stack and the warehouse are; status 1, and a sentence, where something is wrong.",
    )
    command.add_argument(
        "--format",
        choices=("text", "prometheus"),
        default="text",
        help="a screen for people, or metrics (default: text)",
    )
    command = add("exec", _exec, "Run a command with the addresses and secrets of the stack in its environment.")
    command.add_argument("--running", action="store_true", help="say so and stop where the embedded warehouse is down")
    command.add_argument(
        "--as",
        dest="whose",
        default="owner",
        metavar="WHO",
        help=f"who works on the warehouse: {', '.join(WAREHOUSE_ROLES)} (default: owner); or a part of the stack, with "
        f"what it may know: {', '.join(PARTS)}",
    )
    command.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND …")
    command = add("logs", _logs, "Show the end of the logs.")
    command.add_argument("part", nargs="*", help="postgres, clickhouse, airflow-scheduler, … (default: all)")
    command.add_argument("--follow", action="store_true", help="follow what is written")
    add("run", _run, "Start the stack, run the main job, print the report.")
    add("stores", _stores, "Write the stores' weekly files, run the DAG tshop_stores for them, print its report.")
    add("live", _live, "Start the live shop, run it for RATE and MINUTES, print its report.")
    add("spark", _spark, "Start the cluster of Spark, have it compute marts, compare them, print the report.")
    add("marketplace", _marketplace, "Start the marketplace's server, write days, bring them to ClickHouse, report.")
    add("report", _report, "Print the report.")
    command = add("clean", _clean, "Stop the stack and delete its data, logs and secrets.")
    command.add_argument("--sure", default="", help="yes: really")
    return parser


def _up(settings: Settings, _options: argparse.Namespace) -> int:
    stack.say("Starting the stack ...")
    stack.Stack(settings).start()
    print(where(settings))
    return 0


def _down(settings: Settings, _options: argparse.Namespace) -> int:
    stopped = stack.Stack(settings).stop()
    print("The stack is stopped." if stopped else "The stack was not running.")
    return 0


def _status(settings: Settings, options: argparse.Namespace) -> int:
    from embedded import status

    state = status.look(settings)
    print(status.metrics(state) if options.format == "prometheus" else status.render(state))
    return 1 if state.problems else 0


def _exec(settings: Settings, options: argparse.Namespace) -> int:
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise StackError("Nothing to run: give a command after 'exec --'.")
    known = (*WAREHOUSE_ROLES, *PARTS)
    if options.whose not in known:
        raise StackError(f"There is no role or part '{options.whose}' here: name one of {', '.join(known)}.")
    if options.running:
        _check_warehouse_runs(settings)
    variables = environment_over_ours(settings, options.whose)
    try:
        # The program is searched for in the PATH of the stack.
        os.execvpe(argv[0], argv, variables)  # noqa: S606
    except OSError as error:
        raise StackError(f"'{argv[0]}' cannot be run: {error.strerror}.") from None


def _check_warehouse_runs(settings: Settings) -> None:
    if not settings.external_warehouse and not settings.postgres().is_ready():
        raise StackError(reach.STOPPED)


def _logs(settings: Settings, options: argparse.Namespace) -> int:
    known = {part.name: part for part in (*stack.PARTS, *stack.ON_REQUEST)}
    unknown = [name for name in options.part if name not in known]
    if unknown:
        raise StackError(f"There is no part '{unknown[0]}': the parts are {', '.join(known)}.")
    embedded = stack.Stack(settings)
    files = [str(embedded.log_file(known[name])) for name in options.part or known]
    files = [file for file in files if os.path.exists(file)]  # noqa: PTH110
    if not files:
        raise StackError("There are no logs yet: start the stack by 'make run'.")
    follow = options.follow and embedded.runs()
    command = ["tail", "-n", "40", *(["-F"] if follow else []), *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="backslashreplace") as tail:
        for line in tail.stdout:
            print(plain(line, keep="\n\t"), end="", flush=True)
    status = tail.returncode
    if options.follow and not follow:
        print("\nThe stack is stopped: these are the ends of its logs.")
    return status


def _run(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import main_job, report

    main_job.run(settings)
    print(report.render(settings))
    print(where(settings))
    return 0


def _stores(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import stores

    print(stores.run(settings))
    print(where(settings))
    return 0


def _live(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import live

    live.run(settings)
    print(where(settings))
    return 0


def _spark(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import spark

    spark.run(settings)
    print(where(settings))
    return 0


def _marketplace(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import marketplace

    marketplace.run(settings)
    print(where(settings))
    return 0


def _report(settings: Settings, _options: argparse.Namespace) -> int:
    from embedded import report
    from embedded.report.request import Request

    print(report.render(settings, Request.from_environment()))
    return 0


def _clean(settings: Settings, options: argparse.Namespace) -> int:
    if options.sure != "yes":
        raise StackError(f"This would delete all data in {settings.home}: say 'make clean SURE=yes' if you mean it.")
    stack.Stack(settings).stop()
    deleted = stack.remove(settings) + stack.remove_programs()
    print(f"Deleted {', '.join(map(str, deleted)) or 'nothing: there was nothing'}.")
    return 0


def where(settings: Settings) -> str:
    """Return what runs where, how to reach it and how to stop it; secrets are named by their files."""
    from embedded.environment import ADMIN, admin_password_file

    ports, secrets = settings.ports, settings.home / "secrets"
    warehouse = f"127.0.0.1:{ports['postgres']}/tshop, user tshop, password in {secrets}/warehouse_owner: make psql"
    if settings.external_warehouse:
        warehouse = "the one in WAREHOUSE_DSN: make psql"
    clickhouse = f"http://127.0.0.1:{ports['clickhouse']}, user tshop, password in {secrets}/clickhouse"
    if settings.external_clickhouse:
        clickhouse = "the one in CLICKHOUSE_URL"
    lines = [
        "Running now",
        f"  Airflow      {settings.airflow_url}, user {ADMIN}, password in {admin_password_file(settings)}",
        f"  PostgreSQL   {warehouse}",
        f"  ClickHouse   {clickhouse}",
        *_superset(settings),
        *_notebooks(settings),
        *_live_shop(settings),
        *_spark_cluster(settings),
        *_marketplace_server(settings),
        f"  Logs         {settings.home}/logs: make logs",
        "Stop it by 'make stop'; 'make run' resumes. The ports are set by "
        + ", ".join(variable for variable, _port in PORTS.values())
        + ".",
    ]
    return "\n".join(lines)


def _superset(settings: Settings) -> list[str]:
    """Return a line on Superset where somebody has set it up."""
    embedded = stack.Stack(settings)
    if not embedded.superset_was_set_up:
        return []
    health = embedded.health(stack.SUPERSET)
    if health == "healthy":
        return [f"  Superset     {settings.superset_url}/superset/dashboard/t-shop/"]
    return [f"  Superset     does not run ({health}): start it by 'make dashboard'"]


def _notebooks(settings: Settings) -> list[str]:
    """Return a line on JupyterLab where it runs."""
    from embedded.environment import NOTEBOOKS_TOKEN

    if not stack.Stack(settings).is_running(stack.NOTEBOOKS):
        return []
    return [f"  JupyterLab   {settings.notebooks_url}, token in {settings.home}/secrets/{NOTEBOOKS_TOKEN}"]


def _live_shop(settings: Settings) -> list[str]:
    """Return lines on the live shop where it runs."""
    embedded = stack.Stack(settings)
    if not embedded.live_was_set_up:
        return []
    if embedded.health(stack.SHOP_POSTGRES) != "healthy":
        return ["  Live shop    does not run: start it by 'make live'"]
    ports, secrets = settings.ports, settings.home / "secrets"
    return [
        f"  Live shop    127.0.0.1:{ports['shop']}/shop, user shop, password in {secrets}/shop_owner",
        f"  Kafka        127.0.0.1:{ports['kafka']}",
    ]


def _spark_cluster(settings: Settings) -> list[str]:
    """Return lines on the cluster of Spark where somebody has started it."""
    embedded = stack.Stack(settings)
    if not embedded.is_expected(stack.SPARK_MASTER):
        return []
    if embedded.health(stack.SPARK_MASTER) != "healthy":
        return ["  Spark        does not run: start it by 'make spark'"]
    return [f"  Spark        {settings.spark_embedded}, its page is http://127.0.0.1:{settings.ports['spark_ui']}"]


def _marketplace_server(settings: Settings) -> list[str]:
    """Return a line on the marketplace's server where somebody has started it."""
    embedded = stack.Stack(settings)
    if not embedded.is_expected(stack.MARKETPLACE):
        return []
    if embedded.health(stack.MARKETPLACE) != "healthy":
        return ["  Marketplace  does not run: start it by 'make marketplace'"]
    return [f"  Marketplace  {settings.marketplace().url}"]


if __name__ == "__main__":
    sys.exit(main())
