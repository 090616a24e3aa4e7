"""How the tasks of tshop_marketplace read MongoDB: by Airflow's provider, as sources/marketplace/extract.py says."""

import logging
import os
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.sdk import BaseOperator, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from pymongo.errors import PyMongoError
from tshop_operators import EndWhatIsRefused, Failed, Refused

from sources.marketplace.extract import BusyError, Reader, Result, UnlikelyError, extract, stream_of

log = logging.getLogger(__name__)

CONNECTION = "tshop_marketplace"
WAREHOUSE = "WAREHOUSE_MARKETPLACE_DSN"
OVERLAP = "tshop_marketplace_overlap_minutes"
ZONE = ZoneInfo("Europe/Moscow")
# From when on a run compares all documents, once a day.
NIGHT = time(3)


class ExtractOperator(BaseOperator):
    """Reads a collection and lands the documents that have changed.

    All documents are compared by the first run after three in the night, and where the run's parameter ``full`` is on.

    :param collection: its name
    """

    def __init__(self, *, collection: str, **arguments: Any) -> None:
        super().__init__(task_id=f"extract_{collection}", retry_policy=EndWhatIsRefused(), **arguments)
        self.collection = collection

    def execute(self, context: Any) -> str:
        """Read and land; returns what was done, in a sentence.

        :raises AirflowSkipException: no marketplace is connected
        :raises Refused: so many documents are gone that it is likely another collection
        :raises Failed: the server does not answer, or has gone away; or another reader is at it
        """
        try:
            hook = MongoHook(mongo_conn_id=CONNECTION)
        except AirflowNotFoundException:
            raise AirflowSkipException(
                f"No marketplace is connected: MONGO_URL or Airflow's connection {CONNECTION} names one"
            ) from None
        if WAREHOUSE not in os.environ:
            raise Refused(f"{WAREHOUSE} is not set: set it to the warehouse as the role tshop_marketplace")
        params = context["params"]
        with hook, psycopg.connect(os.environ[WAREHOUSE], autocommit=True, application_name="tshop marketplace") as own:
            reader = Reader(
                hook.get_conn()[hook.connection.schema or "marketplace"],
                own,
                self.collection,
                overlap=timedelta(minutes=float(Variable.get(OVERLAP, default="10"))),
                progress=self._tell,
            )
            try:
                full = params["full"] or not reader.is_compared_since(last_night(datetime.now(ZONE)))
                result = extract(reader, full=full, accept_deletions=params["accept_deletions"])
            except UnlikelyError as error:
                raise Refused(str(error)) from None
            except BusyError as error:
                raise Failed(str(error)) from None
            except PyMongoError as error:
                raise Failed(f"The marketplace's server failed: {str(error).split(', Timeout:')[0]}") from None
        told = (
            f"{stream_of(self.collection)}: {result.read} documents read{' (all)' if full else ''}, {result.landed} of "
            f"them new or changed, {result.deleted} deleted"
        )
        log.info(told)
        return told

    def _tell(self, result: Result) -> None:
        log.info("%s: %d read so far, %d landed", stream_of(self.collection), result.read, result.landed)


def last_night(now: datetime) -> datetime:
    """Return the last three o'clock in the night of Moscow before a moment."""
    at = datetime.combine(now.astimezone(ZONE).date(), NIGHT, ZONE)
    return at if at <= now else at - timedelta(days=1)
