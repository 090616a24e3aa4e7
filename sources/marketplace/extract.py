"""Reads a collection of MongoDB and lands the documents that have changed.

Two ways to read it:

- ``read_changed``: by (updated_at, _id) from the bookmark on, less an overlap: who writes a document stamps it before
  it is there, and by a clock that may be behind. What the overlap brings again is not landed again:
  landing.land_states compares each document with what was landed last.
- ``compare``: all documents, by _id. It finds what the first does not: documents without updated_at, or with one far
  behind, and those that are not there any more. The first reading of a collection is of this kind.

Batches are transactions of their own, of a reading by time each with the bookmark up to it. Whatever is cut wherever,
nothing is lost or landed twice: the next reading by time resumes at the bookmark; a comparison that was cut begins
again, and lands what has not landed yet. A document that changes while it is read is read as it was or as it is, and
again by the next reading.

A server without transactions, change streams and sessions is enough.
"""

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from bson import ObjectId, json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

# The collections, and the streams of landing that their documents belong to.
COLLECTIONS = ("users", "products", "orders")
ZONE = ZoneInfo("Europe/Moscow")
OVERLAP = timedelta(minutes=10)
BATCH = 1_000
# So many days, of whose texts each has a range of its own.
MOST_DAYS = 31
# Before any document.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# What a comparison believes: so many documents may be gone, or this share of those that were known.
FEW, SHARE = 10, 0.1
# Dates that Python does not have, and texts that are no UTF-8, are no reason to read nothing.
OPTIONS = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
# For so long a reader that has been killed may seem to be there.
LOCK_SECONDS = 5
# Whole numbers that MongoDB has.
LEAST, GREATEST = -(2**63), 2**63 - 1
# A longer key does not fit into an index.
LONGEST_KEY = 500
# A character that jsonb cannot hold, as JSON has it.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class UnlikelyError(Exception):
    """A sentence on a collection that is likely not the one that was read before, and what to do."""


class BusyError(Exception):
    """A sentence on a collection that somebody else is reading."""


@dataclass
class Result:
    """What a reading has done.

    Attributes:
        read: documents that were read.
        landed: of these, new or changed.
        deleted: documents that are not there any more.
        batches: transactions.
    """

    read: int = 0
    landed: int = 0
    deleted: int = 0
    batches: int = 0


def stream_of(collection: str) -> str:
    """Return the name in landing.stream of a collection's documents."""
    return f"marketplace.{collection}"


def key_of(document: dict[str, Any]) -> str:
    """Return the key of a document: its _id as a text, which for a number or a text of digits is the number.

    One that the warehouse cannot hold is another text, which is no number either.
    """
    key = str(document["_id"]).replace("\0", "\ufffd")
    return key if len(key) <= LONGEST_KEY else f"sha256 {hashlib.sha256(key.encode()).hexdigest()}"


def body_of(document: dict[str, Any]) -> str:
    """Return a document as JSON: MongoDB's Extended JSON, in its relaxed form.

    One that jsonb cannot hold is a JSON text of it, which is rejected with a reason.
    """
    text = json_util.dumps(document, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)
    return json_util.dumps(text, ensure_ascii=False) if NUL.search(text) else text


def moment_of(value: Any) -> datetime | None:
    """Return what time an updated_at is: a date, ISO 8601, or dd.mm.yyyy HH:MM:SS; None where it is none of these."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        for read in (datetime.fromisoformat, lambda text: datetime.strptime(text, "%d.%m.%Y %H:%M:%S")):  # noqa: DTZ007
            with contextlib.suppress(ValueError):
                found = read(value.strip())
                return found if found.tzinfo else found.replace(tzinfo=ZONE)
    return None


class Reader:
    """Reads one collection and lands its documents.

    Args:
        database: the marketplace's.
        warehouse: a connection as tshop_marketplace, in autocommit.
        name: of the collection.
        overlap: how long before the bookmark a reading begins.
        now: the clock.
        progress: called after each batch with what was done so far.
    """

    def __init__(
        self,
        database: Database,
        warehouse: psycopg.Connection,
        name: str,
        *,
        overlap: timedelta = OVERLAP,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        progress: Callable[[Result], None] = lambda _result: None,
    ) -> None:
        self._collection: Collection = database.get_collection(name, codec_options=OPTIONS)
        self._source = f"mongodb:{database.name}"
        self._warehouse = warehouse
        self._stream = stream_of(name)
        self._overlap = overlap
        self._now = now
        self._progress = progress
        self._result = Result()

    def is_compared_since(self, moment: datetime) -> bool:
        """Tell whether a comparison that was finished began at a moment or later."""
        compared_at = self._bookmark()[1]
        return compared_at is not None and compared_at >= moment

    def read_changed(self) -> Result:
        """Land what has changed since the bookmark; the whole collection where there is none yet."""
        bookmark, compared_at = self._bookmark()
        if bookmark is None or compared_at is None:
            return self.compare()
        begun = self._now()
        since = bookmark - self._overlap
        self._land(self._collection.find({"$or": _texts(since, begun)}).batch_size(BATCH))
        found = self._collection.find({"updated_at": {"$gte": since}}).sort([("updated_at", 1), ("_id", 1)])
        self._land(found.batch_size(BATCH), up_to=begun)
        return self._result

    def compare(self, accept_deletions: bool = False) -> Result:
        """Land all that is not as it was landed last, and the deletion of what is not there any more.

        Args:
            accept_deletions: believe that however many documents are gone.

        Raises:
            UnlikelyError: so many documents are gone that the collection is likely another one; nothing of it is landed
                as deleted.
        """
        begun = self._now()
        # Before anything is read: what comes later is found by its time.
        newest = self._newest(begun)
        known = self._known()
        absent = set(known)
        for batch in _batches(self._collection.find().sort("_id", 1).batch_size(BATCH)):
            absent.difference_update(map(key_of, batch))
            self._write(batch)
        is_unlikely = len(absent) > max(FEW, SHARE * len(known)) or (absent and len(absent) == len(known))
        if is_unlikely and not accept_deletions:
            raise UnlikelyError(
                f"{len(absent)} of the {len(known)} documents of {self._stream} that were known are gone: none was "
                "landed as deleted. Look whether this is the right server and database. Where it is, run "
                "tshop_marketplace with full and accept_deletions on."
            )
        # What was put back meanwhile was passed already.
        gone = sorted(absent - self._there(absent))
        for start in range(0, len(gone), BATCH):
            some = gone[start : start + BATCH]
            self._call(some, [None] * len(some), [begun] * len(some))
            self._result.deleted += len(some)
            self._progress(self._result)
        self._call([], [], [], updated_at=newest, compared_at=begun)
        return self._result

    def keep_others_out(self) -> None:
        """Keep other readers of the collection out until the connection ends.

        Raises:
            BusyError: another reader is at it.
        """
        end = time.monotonic() + LOCK_SECONDS
        while not self._warehouse.execute("SELECT landing.lock_reading(%s)", (self._stream,)).fetchone()[0]:
            if time.monotonic() > end:
                raise BusyError(f"Another reader is at {self._stream}: wait for its end, or end it.")
            time.sleep(0.1)

    def note(self, problem: str | None = None) -> None:
        """Note in the warehouse that the collection was looked at, and what keeps it from being read."""
        self._warehouse.execute("SELECT landing.note_seen(%s, 0, NULL, %s)", (self._stream, problem))

    # --- MongoDB -----------------------------------------------------------------------------------------------------

    def _newest(self, at_most: datetime) -> datetime:
        """Return the greatest updated_at that is a date and not later than a moment, else one long ago."""
        found = (
            self._collection.find({"updated_at": {"$lte": at_most}}, {"updated_at": 1}).sort("updated_at", -1).limit(1)
        )
        moments = [moment for document in found if (moment := moment_of(document["updated_at"])) is not None]
        return moments[0] if moments else EARLIEST

    def _there(self, keys: set[str]) -> set[str]:
        """Return those of the keys that are there."""
        found: set[str] = set()
        ordered = sorted(keys)
        for start in range(0, len(ordered), BATCH):
            some = ordered[start : start + BATCH]
            ids = [*some, *_numbers(some), *_object_ids(some)]
            found.update(map(key_of, self._collection.find({"_id": {"$in": ids}}, {"_id": 1})))
        return found

    def _land(self, documents: Iterable[dict[str, Any]], up_to: datetime | None = None) -> None:
        """Land documents; where up_to is given they come in the order of updated_at, and the bookmark follows them."""
        for batch in _batches(documents):
            if up_to is None:
                self._write(batch)
            else:
                last = moment_of(batch[-1]["updated_at"])
                self._write(batch, min(last, up_to) if last else up_to, key_of(batch[-1]))

    # --- the warehouse -----------------------------------------------------------------------------------------------

    def _bookmark(self) -> tuple[datetime | None, datetime | None]:
        row = self._warehouse.execute(
            "SELECT updated_at, compared_at FROM landing.bookmark WHERE stream = %s", (self._stream,)
        ).fetchone()
        return row or (None, None)

    def _known(self) -> list[str]:
        rows = self._warehouse.execute(
            "SELECT key FROM landing.source_document WHERE stream = %s AND digest IS NOT NULL", (self._stream,)
        )
        return [key for (key,) in rows]

    def _write(self, batch: list[dict[str, Any]], updated_at: datetime | None = None, key: str | None = None) -> None:
        times = [moment_of(document.get("updated_at")) for document in batch]
        landed = self._call(
            [key_of(one) for one in batch], [body_of(one) for one in batch], times, updated_at=updated_at, key=key
        )
        self._result.read += len(batch)
        self._result.landed += landed
        self._result.batches += 1
        self._progress(self._result)

    def _call(
        self,
        keys: list[str],
        bodies: list[str | None],
        times: list[datetime | None],
        *,
        updated_at: datetime | None = None,
        key: str | None = None,
        compared_at: datetime | None = None,
    ) -> int:
        (landed,) = self._warehouse.execute(
            "SELECT landed FROM landing.land_states(%s, %s, %s::text[], %s::text[], %s::timestamptz[], %s, %s, %s)",
            (self._stream, self._source, keys, bodies, times, updated_at, key, compared_at),
        ).fetchone()
        return landed


def extract(reader: Reader, *, full: bool, accept_deletions: bool = False) -> Result:
    """Read a collection and note in the warehouse how that went.

    Args:
        reader: of the collection.
        full: compare all documents.
        accept_deletions: as Reader.compare has it.

    Raises:
        UnlikelyError: as Reader.compare has it.
        BusyError: as Reader.keep_others_out has it.
        PyMongoError: the server does not answer, or has gone away.
    """
    # States are landed in the order in which they were read.
    reader.keep_others_out()
    try:
        result = reader.compare(accept_deletions) if full else reader.read_changed()
    except (PyMongoError, UnlikelyError) as error:
        reader.note(str(error).split(", Timeout:")[0])
        raise
    reader.note()
    return result


def _batches(documents: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield documents in lists, in no list two of one key: the later of two states is another batch."""
    batch: dict[str, dict[str, Any]] = {}
    for document in documents:
        key = key_of(document)
        if len(batch) == BATCH or key in batch:
            yield list(batch.values())
            batch = {}
        batch[key] = document
    if batch:
        yield list(batch.values())


def _texts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return ranges of the texts that say a time between two, in each form and wherever they were written.

    An index on updated_at serves each of them.
    """
    first, last = (since - timedelta(days=1)).date(), (until + timedelta(days=1)).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(days) > MOST_DAYS:
        # All that begin with a digit.
        return [{"updated_at": {"$gte": "0", "$lt": ":"}}]
    prefixes = [text for day in days for text in (day.isoformat(), day.strftime("%d.%m.%Y"))]
    return [{"updated_at": {"$gte": text, "$lt": f"{text}~"}} for text in prefixes]


def _numbers(keys: list[str]) -> list[int]:
    numbers = [int(key) for key in keys if re.fullmatch(r"-?[0-9]{1,19}", key)]
    return [number for number in numbers if LEAST <= number <= GREATEST]


def _object_ids(keys: list[str]) -> list[Any]:
    return [ObjectId(key) for key in keys if ObjectId.is_valid(key)]
