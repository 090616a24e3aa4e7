"""Bring Superset to what the files here say: its tables, roles, users, databases, charts and dashboards.

``setup.sh`` runs it in Superset's own environment. Starting Superset takes most of the time, so one process does all.
What is there is overwritten by what the files say, under the same identity, so a second run changes nothing; what came
from a file that is there no more is deleted. What people have made in the browser stays.

Variables, besides those of superset_config.py:
    SUPERSET_CLICKHOUSE_URL: ``clickhousedb://user:password@host:port/tshop``.
    SUPERSET_WAREHOUSE_URL: ``postgresql+psycopg2://user:password@host:port/database``, as the role tshop_monitor.
    SUPERSET_ADMIN_PASSWORD: of the user admin, who may do all.
    SUPERSET_VIEWER_PASSWORD: of the user viewer, who sees the shop's figures.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import tshop_language
import yaml

FOLDER = Path(__file__).resolve().parent
ASSETS = FOLDER / "assets"
ADMIN = "admin"
# The variable that holds the address of a database, by the database's name.
ADDRESSES = {"ClickHouse": "SUPERSET_CLICKHOUSE_URL", "Warehouse": "SUPERSET_WAREHOUSE_URL"}
PASSWORDS = ("SUPERSET_ADMIN_PASSWORD", "SUPERSET_VIEWER_PASSWORD")
# The user and the role of the shop's people. They may do what a visitor may whom Superset lets in without a password,
# and read what the shop's figures are made from.
VIEWER, VIEWER_ROLE = "viewer", "Shop viewer"
VIEWER_DATABASE = "ClickHouse"
# Besides: to find the dashboards, to be shown in their language, to take figures home and to log out.
VIEWER_PERMISSIONS = {
    ("menu_access", "Dashboards"),
    ("can_csv", "Superset"),
    ("can_export_as_example", "Chart"),
    ("can_language_pack", "Superset"),
    ("can_log", "Superset"),
    ("can_recent_activity", "Log"),
    ("can_share_dashboard", "Superset"),
    ("can_write", "DashboardPermalinkRestApi"),
    ("can_view_chart_as_table", "Dashboard"),
}
# The period that the dashboard has in the files, and the one it opens with where there are fewer days than it needs.
PERIOD, SHORT_PERIOD = "Last 28 days", "Last 7 days"
PERIOD_DAYS = 28
# The one that a dashboard of months has in the files and opens with.
MONTHS = "Last 3 months"
# What people read in an asset, by the keys it stands under.
_TITLES = {
    "dashboard_title",
    "slice_name",
    "sliceName",
    "sliceNameOverride",
    "text",
    "verbose_name",
    "customColumnName",
}
_SHOWN_IN_SQL = re.compile(r"/\* shown \*/ '([^']*)'")
_CHART_IN_CSS = re.compile(r'(?<=data-test-chart-name=")([^"]*)')


def main() -> int:
    """Set all up; on failure print one sentence to stderr and return 1."""
    missing = [name for name in (*ADDRESSES.values(), *PASSWORDS) if not os.environ.get(name)]
    missing += [name for name in ("SUPERSET_DATABASE_URL", "SUPERSET_SECRET_KEY") if not os.environ.get(name)]
    if missing:
        print(f"Superset: {missing[0]} is not set: superset/set_up.py says what it has to be.", file=sys.stderr)
        return 1
    logging.disable(logging.CRITICAL)
    try:
        contents = read_assets(period(), tshop_language.translations(tshop_language.language()))
        from superset.app import create_app

        app = create_app()
        with app.app_context():
            prepare()
            told = import_assets(contents)
            prepare_viewer()
    except (AssetError, tshop_language.LanguageError) as error:
        # The name of what people have made may hold what a terminal would obey.
        safe = "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(error))
        print(f"Superset: {safe}", file=sys.stderr)
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
    _make_user(ADMIN, "Admin", security_manager.find_role("Admin"), os.environ["SUPERSET_ADMIN_PASSWORD"])


def prepare_viewer() -> None:
    """Make or update the user viewer and its role, which reads what the shop's figures are made from.

    A dashboard that shows anything else is for engineers.
    """
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db, security_manager
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard

    datasets = db.session.query(SqlaTable).join(Database).filter(Database.database_name == VIEWER_DATABASE)
    wanted = {*security_manager.PUBLIC_ROLE_PERMISSIONS, *VIEWER_PERMISSIONS}
    wanted |= {("datasource_access", dataset.perm) for dataset in datasets}
    role = security_manager.add_role(VIEWER_ROLE)
    found = (security_manager.add_permission_view_menu(*one) for one in sorted(wanted))
    role.permissions = [one for one in found if one is not None]
    for dashboard in db.session.query(Dashboard).filter(Dashboard.is_managed_externally):
        shown = {chart.datasource.database.database_name for chart in dashboard.slices}
        dashboard.roles = [] if shown <= {VIEWER_DATABASE} else [security_manager.find_role("Admin")]
    db.session.commit()
    _make_user(VIEWER, "Viewer", role, os.environ["SUPERSET_VIEWER_PASSWORD"])


def _make_user(name: str, last_name: str, role: Any, password: str) -> None:
    """Make a user, or give the one there is this role and this password."""
    from superset.extensions import db, security_manager

    user = security_manager.find_user(username=name)
    if user is None:
        security_manager.add_user(name, "T-Shop", last_name, f"{name}@localhost", role, password=password)
        return
    if not _fits(user.password, password):
        security_manager.reset_password(user.id, password)
    user.roles = [role]
    db.session.commit()


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
    """Return the name of the period that the dashboard opens with, for the days of the shop that ClickHouse holds.

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
    return period_of(first, last) if rows else PERIOD


def period_of(first: date, last: date) -> str:
    """Return the period that the dashboard opens with: the period before has to have data, too."""
    return PERIOD if (last - first).days + 1 >= 2 * PERIOD_DAYS else SHORT_PERIOD


def read_assets(opening: str, translations: dict[str, str]) -> dict[str, str]:
    """Return the files of assets/ as Superset imports them, by their names.

    In the files what Superset keeps as JSON text is plain YAML, no address holds a password, and all texts are English.
    Each asset is marked as managed outside of Superset, which tells it from what people have made.

    Args:
        opening: the period that the dashboard opens with.
        translations: of all that people read; none: it stays English.

    Raises:
        AssetError: a file is not YAML of the right form, shows what is in no file, or has a text without translation.
    """

    def say(text: str) -> str:
        if not translations:
            return text
        if text not in translations:
            raise AssetError(f"translations/ has no '{text}': add it.")
        return translations[text]

    assets = {}
    for file in sorted(ASSETS.rglob("*.yaml")):
        name = str(file.relative_to(ASSETS))
        try:
            asset = yaml.safe_load(file.read_text())
        except yaml.YAMLError as error:
            raise AssetError(f"assets/{name} is not YAML: {error}".replace("\n", " ")) from None
        if not isinstance(asset, dict):
            raise AssetError(f"assets/{name} is empty or no mapping.")
        asset = said(name, asset, say)
        if name.startswith("dashboards/"):
            asset = _replaced(_replaced(asset, PERIOD, say(opening)), MONTHS, say(MONTHS))
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


def said(name: str, asset: dict, say: Callable[[str], str]) -> dict:
    """Return an asset with all that people read in it put through a function, such as one that translates.

    Args:
        name: of its file.
        asset: what the file holds.
        say: gets an English text and returns what is shown.
    """
    # Of a dataset only editors see the descriptions.
    titles = _TITLES | ({"description"} if name.startswith(("charts/", "dashboards/")) else set())

    def walked(value: Any, under: str, inside: str) -> Any:
        if isinstance(value, dict):
            return {key: walked(one, key, under) for key, one in value.items()}
        if isinstance(value, list):
            return [walked(one, under, inside) for one in value]
        if not isinstance(value, str) or not value:
            return value
        if under in titles or (under == "name" and inside == "native_filter_configuration"):
            return say(value)
        if under in ("sql", "expression"):
            return _SHOWN_IN_SQL.sub(lambda found: f"'{say(found[1])}'", value)
        if under == "css":
            return _CHART_IN_CSS.sub(lambda found: say(found[1]), value)
        return value

    return walked(asset, "", "")


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
