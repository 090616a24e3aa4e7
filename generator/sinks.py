"""Where a day's rows go: the raw layer of a warehouse, or files."""

import errno
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, groupby
from pathlib import Path

import numpy as np
import psycopg2
import psycopg2.errors
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from generator import ENTITIES, people
from generator.rows import TIMESTAMP
from generator.shop import END_OF_IDS, GeneratorError, Shop, Unreachable

_FULL = "the disk is full: free some space and run the same days again"


def _csv_text(table):
    """The rows as COPY reads them in a session whose time zone is UTC.

    The times name no zone: Arrow writes such ones seventeen times faster.
    """
    zoneless = pa.schema(
        (column.name, pa.timestamp("us") if column.type == TIMESTAMP else column.type) for column in table.schema
    )
    text = io.BytesIO()
    pa.csv.write_csv(table.cast(zoneless), text, pa.csv.WriteOptions(include_header=False))
    text.seek(0)
    return text


def _ahead(items):
    """Yields the items, each made by a thread while the one before it is in use."""
    with ThreadPoolExecutor(1) as maker:
        upcoming = maker.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = maker.submit(next, items, None)
            yield item


class Warehouse:
    """The raw layer in PostgreSQL. A day is one transaction; writing it again changes nothing.

    dsn: a libpq URI. Raises GeneratorError where the server or the raw tables cannot be used.
    """

    def __init__(self, dsn):
        try:
            self._connection = psycopg2.connect(dsn, application_name="tshop generator")
        except psycopg2.OperationalError as error:
            raise Unreachable(
                f"the warehouse cannot be reached ({_first_line(error)}): start it or correct WAREHOUSE_DSN"
            ) from error
        except psycopg2.ProgrammingError:
            # The driver's message would show the DSN, with its password.
            raise GeneratorError(
                "the DSN is not one: give a libpq URI such as postgresql://user@host:5432/database"
            ) from None

    def prepare(self, shop: Shop, first_day):
        """Checks that the raw tables exist and that days from day number ``first_day`` on can follow what they hold."""
        try:
            self._check_raw(shop, first_day)
        except psycopg2.Error as error:
            raise GeneratorError(
                f"raw cannot be read ({_first_line(error)}): name in the DSN a user who may read and write it,"
                " such as tshop_loader, or the one who ran `make migrate`"
            ) from error

    def _check_raw(self, shop, first_day):
        with self._connection, self._connection.cursor() as cursor:
            for entity in ENTITIES:
                cursor.execute("SELECT to_regclass(%s)", (f"raw.{entity}",))
                if cursor.fetchone()[0] is None:
                    raise GeneratorError(f"the warehouse has no table raw.{entity}: run `make migrate` first")
            cursor.execute("SELECT NOT EXISTS (SELECT FROM raw.client WHERE client_id < %s)", (END_OF_IDS,))
            if cursor.fetchone()[0]:
                if first_day > 0:
                    raise GeneratorError(f"raw is empty of this shop: begin at the opening day, --from {shop.opened}")
                return
            self._check_same_shop(cursor, shop)

    def _check_same_shop(self, cursor, shop):
        """Compares the clients the shop opened with, by a few ids that tell seeds, locales and sizes apart.

        Who was forgotten has no birth date any more, so the first ids that have one are compared.
        """
        cursor.execute(
            "SELECT client_id, birth_date FROM raw.client WHERE client_id BETWEEN 1 AND %s AND birth_date IS NOT NULL"
            " ORDER BY client_id LIMIT 3",
            (shop.clients,),
        )
        held = dict(cursor.fetchall())
        ids = np.array(list(held), dtype=np.int64)
        dates = people.birth_dates(shop, ids, np.zeros_like(ids)).tolist()
        opening = shop.bounds(0)[0] // 1_000_000
        cursor.execute(
            "SELECT EXISTS (SELECT FROM raw.client WHERE client_id = %s),"
            " NOT EXISTS (SELECT FROM raw.client WHERE client_id = %s AND updated_at < to_timestamp(%s))",
            (shop.clients, shop.clients + 1, opening),
        )
        alike = sum(known == value for known, value in zip(held.values(), dates, strict=True))
        if not all(cursor.fetchone()) or 2 * alike < len(ids):
            raise GeneratorError(
                "raw holds another shop's clients: give the --clients, --seed, --locale and --opened it was begun with,"
                " or an empty warehouse"
            )

    def write(self, day, chunks, written):
        """Writes a day's chunks (``generator.chunks``); ``written`` is called with the Rows of each one sent."""
        texts = _ahead((rows, _csv_text(rows.table)) for rows in chunks)
        try:
            with self._connection, self._connection.cursor() as cursor, closing(texts):
                cursor.execute("SET LOCAL TimeZone = 'UTC'")
                for rows, text in texts:
                    columns = rows.table.column_names
                    if rows.new and not self._holds_any(cursor, rows):
                        _copy(cursor, f"raw.{rows.entity}", columns, text)
                    elif rows.table.num_rows:
                        _merge(cursor, rows.entity, columns, text)
                    written(rows)
        except psycopg2.errors.DiskFull as error:
            raise GeneratorError(f"{day} was not written: on the warehouse's server {_FULL}") from error
        except psycopg2.Error as error:
            raise GeneratorError(f"{day} was not written: {_first_line(error)}") from error

    @staticmethod
    def _holds_any(cursor, rows):
        key, keys = rows.table.column_names[0], rows.table.column(0)
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM raw.{rows.entity} WHERE {key} BETWEEN %s AND %s)",
            (keys[0].as_py(), keys[rows.new - 1].as_py()),
        )
        return cursor.fetchone()[0]

    def close(self):
        """Ends the connection; what is not committed is rolled back."""
        self._connection.close()


def _copy(cursor, target, columns, text):
    cursor.copy_expert(f"COPY {target} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)", text, 1 << 20)


def _merge(cursor, entity, names, text):
    """Inserts rows, and updates those that are there with an earlier updated_at."""
    key, *others = names
    columns = ", ".join(names)
    cursor.execute(f"CREATE TEMP TABLE incoming_{entity} AS SELECT {columns} FROM raw.{entity} WITH NO DATA")
    _copy(cursor, f"pg_temp.incoming_{entity}", names, text)
    cursor.execute(
        f"INSERT INTO raw.{entity} AS held ({columns}) SELECT {columns} FROM pg_temp.incoming_{entity}"
        f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}"
        " WHERE held.updated_at < excluded.updated_at"
    )
    cursor.execute(f"DROP TABLE pg_temp.incoming_{entity}")


def _first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")


class Files:
    """Files in a folder, ``<entity>_<date>.<kind>`` for each entity and day, each written whole or not at all.

    folder: made where it is missing; kind: ``csv`` or ``parquet``.
    """

    def __init__(self, folder, kind):
        self._folder = Path(folder)
        self._writer = {"csv": pa.csv.CSVWriter, "parquet": pa.parquet.ParquetWriter}[kind]
        self._kind = kind
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GeneratorError(f"the folder {folder} cannot be made: {error.strerror}") from error

    def prepare(self, shop, first_day):
        """Files need nothing."""

    def write(self, day, chunks, written):
        """Writes a day's chunks (``generator.chunks``); ``written`` is called with the Rows of each one written."""
        partial = {}
        try:
            for entity, parts in groupby(chunks, key=lambda rows: rows.entity):
                path = self._folder / f"{entity}_{day}.{self._kind}"
                partial[path] = path.with_name(path.name + ".partial")
                first = next(parts)
                with self._writer(partial[path], first.table.schema) as writer:
                    for rows in chain([first], parts):
                        writer.write_table(rows.table)
                        written(rows)
            for path, unfinished in partial.items():
                unfinished.replace(path)
        except OSError as error:
            reason = _FULL if error.errno == errno.ENOSPC else error.strerror or str(error)
            raise GeneratorError(f"{day} was not written to {self._folder}: {reason}") from error
        finally:
            for unfinished in partial.values():
                unfinished.unlink(missing_ok=True)

    def close(self):
        """Nothing is open between days."""
