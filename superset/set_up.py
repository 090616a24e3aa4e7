"""Bring Superset to what the files here say: its tables, its roles, the user admin, databases, charts and dashboards.

``setup.sh`` runs it in Superset's own environment. Starting Superset takes most of the time, so one process does all.
What is there is overwritten by what the files say, under the same identity, so a second run changes nothing; what came
from a file that is there no more is deleted. What people have made in the browser stays.

Variables, besides those of superset_config.py:
    SUPERSET_CLICKHOUSE_URL: ``clickhousedb://user:password@host:port/tshop``.
    SUPERSET_WAREHOUSE_URL: ``postgresql+psycopg2://user:password@host:port/database``, as the role tshop_monitor.
    SUPERSET_ADMIN_PASSWORD: of the user admin.
"""

import json
import logging
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
ASSETS = FOLDER / "assets"
ADMIN = "admin"
# The variable that holds the address of a database, by the database's name.
ADDRESSES = {"ClickHouse": "SUPERSET_CLICKHOUSE_URL", "Warehouse": "SUPERSET_WAREHOUSE_URL"}
# Lengths, in days, of the period that a dashboard opens with: the longest that the data has twice.
PERIODS = (28, 14, 7, 1)
# The period in the files, for a shop that sells on.
LIVING_PERIOD = "Last 28 days"
# Days without a sale after which a shop's data is history, and "last" means nothing.
PATIENCE = 7


def main() -> int:
    """Set all up; on failure print one sentence to stderr and return 1."""
    missing = [name for name in (*ADDRESSES.values(), "SUPERSET_ADMIN_PASSWORD") if not os.environ.get(name)]
    missing += [name for name in ("SUPERSET_DATABASE_URL", "SUPERSET_SECRET_KEY") if not os.environ.get(name)]
    if missing:
        print(f"Superset: {missing[0]} is not set: superset/set_up.py says what it has to be.", file=sys.stderr)
        return 1
    logging.disable(logging.CRITICAL)
    try:
        contents = read_assets(period())
        from superset.app import create_app

        app = create_app()
        with app.app_context():
            prepare()
            told = import_assets(contents)
    except AssetError as error:
        print(f"Superset: {error}", file=sys.stderr)
        return 1
    print(told)
    return 0


class AssetError(Exception):
    """The assets cannot be imported; the message says which and why."""


def prepare() -> None:
    """Make or update Superset's tables, its roles, and the user admin with the password of the environment."""
    from flask_migrate import upgrade
    from sqlalchemy import inspect
    from superset.extensions import appbuilder, db, security_manager

    import superset

    folder = str(Path(superset.__file__).parent / "migrations")
    if _revision(inspect(db.engine), db) != _newest_revision(folder):
        upgrade(directory=folder)
        logging.disable(logging.CRITICAL)
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
    password = os.environ["SUPERSET_ADMIN_PASSWORD"]
    admin = security_manager.find_user(username=ADMIN)
    if admin is None:
        role = security_manager.find_role("Admin")
        security_manager.add_user(ADMIN, "T-Shop", "Admin", "admin@localhost", role, password=password)
    elif not _fits(admin.password, password):
        security_manager.reset_password(admin.id, password)


def _fits(hashed: str, password: str) -> bool:
    from werkzeug.security import check_password_hash

    return check_password_hash(hashed, password)


def _revision(inspector: Any, db: Any) -> str | None:
    """Return the revision of the tables that are there, None where there are none."""
    if not inspector.has_table("alembic_version"):
        return None
    from sqlalchemy import text

    return db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _newest_revision(folder: str) -> str | None:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(folder).get_current_head()


def period() -> str:
    """Return the time range that dashboards open with.

    A shop that sells gets the files' own. A shop whose data ended some time ago, as a generated one's does, gets the
    last days there are: as many as there are twice, so that the period before has data, too.

    Raises:
        AssetError: ClickHouse does not answer.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_engine(os.environ["SUPERSET_CLICKHOUSE_URL"]).connect() as connection:
            there = connection.execute(text("EXISTS TABLE tshop.sales")).scalar()
            query = "SELECT min(sold_on), max(sold_on), count() FROM tshop.sales"
            first, last, rows = connection.execute(text(query)).one() if there else (None, None, 0)
    except SQLAlchemyError as error:
        raise AssetError(f"ClickHouse cannot be asked: {str(error).splitlines()[0]}") from None
    return period_of(first, last, datetime.now(UTC).date()) if rows else LIVING_PERIOD


def period_of(first: date, last: date, today: date) -> str:
    """Return the time range that dashboards open with, for data from a first to a last day."""
    if last >= today - timedelta(days=PATIENCE):
        return LIVING_PERIOD
    held = (last - first).days + 1
    days = next((days for days in PERIODS if 2 * days <= held), 1)
    end = last + timedelta(days=1)
    return f"{end - timedelta(days=days)} : {end}"


def read_assets(time_range: str) -> dict[str, str]:
    """Return the files of assets/ as Superset imports them, by their names.

    In the files what Superset keeps as JSON text is plain YAML, no address holds a password, and the time range is
    the living shop's. Each asset is marked as managed outside of Superset, which tells it from what people have made.

    Raises:
        AssetError: a file is not YAML of the right form, or shows what is in no file.
    """
    assets = {}
    for file in sorted(ASSETS.rglob("*.yaml")):
        name = str(file.relative_to(ASSETS))
        try:
            asset = _replaced(yaml.safe_load(file.read_text()), LIVING_PERIOD, time_range)
        except yaml.YAMLError as error:
            raise AssetError(f"assets/{name} is not YAML: {error}".replace("\n", " ")) from None
        if not isinstance(asset, dict):
            raise AssetError(f"assets/{name} is empty or no mapping.")
        if name.startswith("charts/"):
            asset["query_context"] = json.dumps(asset["query_context"])
        if name.startswith("databases/"):
            variable = ADDRESSES.get(asset["database_name"])
            if variable is None:
                raise AssetError(f"assets/{name} is called '{asset['database_name']}', which no address is known of.")
            asset["sqlalchemy_uri"] = os.environ[variable]
        if "/" in name:
            asset["is_managed_externally"] = True
        assets[name] = asset
    _check_dashboards(assets)
    return {name: yaml.safe_dump(asset, allow_unicode=True) for name, asset in assets.items()}


def _check_dashboards(assets: dict[str, dict]) -> None:
    """Refuse a dashboard with a chart that is in no file: Superset would leave out more than that one."""
    charts = {asset.get("uuid") for name, asset in assets.items() if name.startswith("charts/")}
    for name, asset in assets.items():
        for part in asset.get("position", {}).values():
            if isinstance(part, dict) and part.get("type") == "CHART" and part["meta"]["uuid"] not in charts:
                raise AssetError(f"assets/{name} shows '{part['meta']['sliceName']}', which no file of charts/ is.")


def _replaced(value: Any, old: str, new: str) -> Any:
    """Return a tree of mappings and lists with one text in it replaced by another."""
    if isinstance(value, dict):
        return {key: _replaced(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    return new if value == old else value


def import_assets(contents: dict[str, str]) -> str:
    """Write assets over what Superset has of them, delete earlier ones, and return a sentence on what became of them.

    Raises:
        AssetError: Superset does not take them; nothing is written then.
    """
    from flask import g
    from superset.commands.exceptions import CommandException, CommandInvalidError
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.extensions import security_manager
    from superset.utils.decorators import transaction

    @transaction()
    def import_whole() -> int:
        ImportAssetsCommand(contents).run()
        return _delete_others({yaml.safe_load(content).get("uuid") for content in contents.values()})

    g.user = security_manager.find_user(username=ADMIN)
    try:
        deleted = import_whole()
    except CommandException as error:
        cause = error.__cause__ or error
        told = cause.normalized_messages() if isinstance(cause, CommandInvalidError) else cause
        raise AssetError(f"the assets were refused: {told}") from None
    kinds = ("database", "dataset", "chart", "dashboard")
    numbers = {kind: sum(name.startswith(f"{kind}s/") for name in contents) for kind in kinds}
    told = ", ".join(f"{number} {kind}{'s' * (number != 1)}" for kind, number in numbers.items())
    gone = f", {deleted} that no file holds any more deleted" if deleted else ""
    return f"Superset: {told} imported{gone}."


def _delete_others(uuids: set[str | None]) -> int:
    """Delete what came from files but has none of these identities; return how many that were.

    Raises:
        AssetError: something that people have made uses it.
        CommandException: Superset does not delete it.
    """
    from superset.commands.chart.delete import DeleteChartCommand
    from superset.commands.dashboard.delete import DeleteDashboardCommand
    from superset.commands.database.delete import DeleteDatabaseCommand
    from superset.commands.dataset.delete import DeleteDatasetCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    deleted = 0
    # What is shown comes before what it is made from.
    for model, command in (
        (Dashboard, DeleteDashboardCommand),
        (Slice, DeleteChartCommand),
        (SqlaTable, DeleteDatasetCommand),
        (Database, DeleteDatabaseCommand),
    ):
        for one in db.session.query(model).filter(model.is_managed_externally).all():
            if str(one.uuid) in uuids:
                continue
            users = {Slice: "dashboards", SqlaTable: "slices"}.get(model)
            for user in getattr(one, users) if users else ():
                if not user.is_managed_externally:
                    raise AssetError(f"'{one}' is in no file any more, but '{user}' uses it: delete that first.")
            command(one.id if model is Database else [one.id]).run()
            deleted += 1
    return deleted


if __name__ == "__main__":
    sys.exit(main())
