"""How long Superset keeps what people asked in SQL Lab and what they did: such texts may hold personal data."""

import time
from datetime import datetime, timedelta
from logging import Logger

from flask import Flask

KEPT_DAYS = 30
# From one look for what is older to the next.
LOOK_SECONDS = 3600


def prune_for_ever(app: Flask, log: Logger) -> None:
    """Prune now, and again and again for as long as the server runs."""
    from sqlalchemy.exc import SQLAlchemyError

    while True:
        try:
            with app.app_context():
                prune()
        except SQLAlchemyError as error:
            log.warning("What is older than %s days is pruned later: %s", KEPT_DAYS, str(error).splitlines()[0])
        time.sleep(LOOK_SECONDS)


def prune() -> None:
    """Delete what SQL Lab and the log of actions have kept for KEPT_DAYS; saved queries stay."""
    from superset.commands.logs.prune import LogPruneCommand
    from superset.commands.sql_lab.query import QueryPruneCommand
    from superset.extensions import db
    from superset.models.sql_lab import Query, TabState

    before = datetime.now() - timedelta(days=KEPT_DAYS)  # noqa: DTZ005 Superset's times have no zone.
    old = db.session.query(Query.client_id).filter(Query.changed_on < before)
    tabs = db.session.query(TabState)
    tabs.filter(TabState.changed_on < before).delete(synchronize_session=False)
    tabs.filter(TabState.latest_query_id.in_(old)).update({"latest_query_id": None}, synchronize_session=False)
    db.session.commit()
    QueryPruneCommand(KEPT_DAYS).run()
    LogPruneCommand(KEPT_DAYS).run()
