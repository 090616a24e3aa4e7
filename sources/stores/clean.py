"""Cleans the stores' weekly files of a region and lands them: a PySpark job.

``spark-submit sources/stores/clean.py --inbox DIR --region North --weeks 2023-W35,2023-W36``. One session does any
number of weeks. The executors, as the driver, read the inbox by the same path; they need Python, pyarrow and psycopg2.

Each week is one transaction: documents, refused lines, and a row of landing.file a file. Whatever is killed wherever, a
week is landed whole and once: a file of the checksum that landing.file has is left out. A file that has changed is
landed again, and the sales that it lacks are deleted: where these are far too many, the week is refused, unless
``--accept-deletions`` says that it is right. docs/stores.md says what a duplicate is, and what is refused.

The last line of the output is ``Error: `` and a sentence where something failed. Exit status: 1 where another try may
help, 2 where it would find the same.

Environment:
    WAREHOUSE_STORES_DSN: libpq URI of the warehouse, as the role tshop_stores.
"""

import argparse
import contextlib
import hashlib
import io
import os
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import inbox
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema

COLUMNS = {
    "stores.sales": ("sale_id", "customer_id", "product_id", "quantity", "sale_date", "sale_amount", "region"),
    "stores.clients": (
        *("customer_id", "first_name", "last_name", "birth_date", "email", "phone", "registered_at", "region"),
    ),
    "stores.products": ("product_id", "name", "category", "size", "price"),
}
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Times without a zone are Moscow's.
    "spark.sql.session.timeZone": "Europe/Moscow",
    # The files of a week are some thousand lines.
    "spark.sql.shuffle.partitions": "2",
}
LANDED, EXACT, NEAR, REFUSED = "landed", "exact", "near", "refused"
# A line of a file, and what becomes of it: text is the document where it is landed, the line where it is refused.
LINE = pa.schema(
    {
        "stream": pa.string(),
        "week": pa.string(),
        "line_no": pa.int32(),
        "fate": pa.string(),
        "key": pa.string(),
        "text": pa.string(),
        "reason": pa.string(),
        "quantity": pa.int64(),
        "amount": pa.decimal128(14, 2),
    }
)
# What became of a week: a sentence a file, or why none is landed, and whether another try would find the same.
DONE = pa.schema({"week": pa.string(), "said": pa.list_(pa.string()), "problem": pa.string(), "is_refused": pa.bool_()})
FAILURE, REFUSAL = 1, 2
SALES = "stores.sales"
# What a corrected file is believed: so many sales may be gone, or this share of those that were known.
FEW, SHARE = 10, 0.1
# When a sale counts from: the last field of its document.
UPDATED_AT = r'"updated_at":"[^"]*"\}$'


class Refusal(Exception):
    """A sentence that says what is wrong, which another try would find again."""


class Failure(Exception):
    """A sentence that says what failed, and may go well another time."""


def first_line(error):
    """Return what an error says, without what follows in further lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


# --- what an executor does: land a week -------------------------------------------------------------------------------

COPY_DOCUMENTS = """
COPY landing.document (stream, partition, position, key, body, written_at) FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')
"""
COPY_REFUSED = """
COPY landing.refused_line (stream, week, region, line_no, key, line, reason)
FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')
"""
# The end of the week, unless what was landed before counts from then or later. Nobody else can land meanwhile.
COUNTS_FROM = """
SELECT CASE WHEN max(f.counts_from) >= %(end)s THEN greatest(clock_timestamp(), max(f.counts_from)) ELSE %(end)s END
FROM landing.file AS f
WHERE f.stream = %(stream)s AND f.region = %(region)s
"""
# Nobody has landed another file of this week meanwhile, or nothing is written.
NOTE_FILE = """
INSERT INTO landing.file AS f (
    stream, week, region, sha256, version, bytes, lines, exact_duplicates, near_duplicates, refused, landed, deleted,
    quantity, amount, counts_from
)
VALUES (
    %(stream)s, %(week)s, %(region)s, %(sha256)s, %(version)s, %(bytes)s, %(lines)s, %(exact)s, %(near)s, %(refused)s,
    %(landed)s, %(deleted)s, %(quantity)s, %(amount)s, %(updated_at)s
)
ON CONFLICT (stream, week, region) DO UPDATE
SET
    sha256 = excluded.sha256,
    version = excluded.version,
    bytes = excluded.bytes,
    lines = excluded.lines,
    exact_duplicates = excluded.exact_duplicates,
    near_duplicates = excluded.near_duplicates,
    refused = excluded.refused,
    landed = excluded.landed,
    deleted = excluded.deleted,
    quantity = excluded.quantity,
    amount = excluded.amount,
    counts_from = excluded.counts_from,
    landed_at = clock_timestamp()
WHERE f.version = excluded.version - 1
"""


def make_land(dsn, partition, region, files):
    """Return the function that lands the lines of one week, in one transaction.

    Args:
        dsn: libpq URI of the warehouse.
        partition: of the region's documents.
        region: whose files they are.
        files: of all weeks, as dicts, in the order in which they are landed.
    """

    def land(lines):
        week = lines["week"][0].as_py()
        said, problem, is_refused = [], None, False
        try:
            with contextlib.closing(psycopg2.connect(dsn, connect_timeout=10)) as connection:
                connection.set_client_encoding("UTF8")
                with connection.cursor() as cursor:
                    for file in (file for file in files if file["week"] == week):
                        of_file = lines.filter(pc.equal(lines["stream"], file["stream"]))
                        said.append(land_file(cursor, partition, region, file, of_file))
                connection.commit()
        except psycopg2.Error as error:
            problem = f"{week}: the warehouse: {first_line(error)}"
        except (Failure, Refusal, OSError) as error:
            problem, is_refused = f"{week}: {error}", isinstance(error, Refusal)
        # A result, and no failed task: Spark would tell of it in a hundred lines, and try again.
        done = {"week": week, "said": [] if problem else said, "problem": problem, "is_refused": is_refused}
        return pa.Table.from_pylist([done], schema=DONE)

    return land


def land_file(cursor, partition, region, file, lines):
    """Land the lines of a file; return a sentence on what became of them.

    Raises:
        Refusal: its ids are another region's, or it lacks too many of the sales that were known.
        Failure: it was changed, or landed, meanwhile.
    """
    # The line that stands for the file itself has no fate.
    fate = {name: lines.filter(pc.equal(lines["fate"], name)) for name in (LANDED, EXACT, NEAR, REFUSED)}
    landed, refused = fate[LANDED], fate[REFUSED]
    place = {name: file[name] for name in ("stream", "week")}
    cursor.execute("SELECT first_offset, base FROM landing.begin_landing(%s, %s, 'files')", (file["stream"], partition))
    first, base = cursor.fetchone()
    bodies, updated_at = landed["text"], file["updated_at"]
    if file["stream"] == SALES:
        # A sale may move from week to week: what is landed later holds, also of an earlier week.
        cursor.execute(COUNTS_FROM, {**file, "region": region})
        (moment,) = cursor.fetchone()
        updated_at = moment.isoformat()
        bodies = pc.replace_substring_regex(bodies, UPDATED_AT, f'"updated_at":"{updated_at}"}}', max_replacements=1)
    copy(
        cursor,
        COPY_DOCUMENTS,
        {
            "stream": landed["stream"],
            "partition": pa.repeat(partition, landed.num_rows),
            "position": pa.array(range(base + first, base + first + landed.num_rows), pa.int64()),
            "key": landed["key"],
            "body": bodies,
            "written_at": pa.repeat("now", landed.num_rows),
        },
    )
    deleted = 0
    if file["stream"] == SALES:
        cursor.execute(
            "SELECT sales, example FROM raw.find_foreign_sales(%s, %s, %s)", (partition, region, base + first)
        )
        foreign, example = cursor.fetchone()
        if foreign:
            raise Refusal(
                f"{foreign} sale{'s' * (foreign > 1)} of {region} would overwrite another region's, for example "
                f"{example}: nothing of the week is landed. An id is one sale's in all regions; where a sale has "
                "moved, the other region's corrected file comes first."
            )
    if file["stream"] == SALES and file["version"] > 1:
        cursor.execute(
            "SELECT known, deleted FROM raw.land_absent_sales(%s, %s, %s, %s, %s, %s, %s::text[])",
            (partition, region, file["begin"], file["end"], base + first, updated_at, refused["key"].to_pylist()),
        )
        known, deleted = cursor.fetchone()
        if deleted > max(FEW, SHARE * known) and not file["accept_deletions"]:
            raise Refusal(
                f"the corrected {file['path']} lacks {deleted} of the {known} sales that were known: nothing of the "
                "week is landed. Look whether the file is whole. Where it is right, run tshop_stores with "
                "accept_deletions on."
            )
    if landed.num_rows + deleted:
        end = first + landed.num_rows + deleted
        cursor.execute("SELECT landing.end_landing(%s, %s, %s, %s)", (file["stream"], partition, end - 1, end))
    cursor.execute(
        "DELETE FROM landing.refused_line WHERE stream = %(stream)s AND week = %(week)s AND region = %(region)s",
        {**place, "region": region},
    )
    copy(
        cursor,
        COPY_REFUSED,
        {
            **{name: refused[name] for name in place},
            "region": pa.repeat(region, refused.num_rows),
            **{name: refused[column] for name, column in (("line_no", "line_no"), ("key", "key"), ("line", "text"))},
            "reason": refused["reason"],
        },
    )
    has_amounts = file["stream"] == SALES
    counts = {
        "lines": sum(part.num_rows for part in fate.values()),
        **{name: part.num_rows for name, part in fate.items()},
        "deleted": deleted,
        "quantity": (pc.sum(landed["quantity"]).as_py() or 0) if has_amounts else None,
        "amount": (pc.sum(landed["amount"]).as_py() or 0) if has_amounts else None,
    }
    cursor.execute(NOTE_FILE, {**file, "region": region, "updated_at": updated_at, **counts})
    if cursor.rowcount != 1:
        raise Failure("another job has landed it meanwhile.")
    with open(file["path"], "rb") as content:  # noqa: PTH123
        if hashlib.file_digest(content, "sha256").hexdigest() != file["sha256"]:
            raise Failure(f"{file['path']} was changed while it was read: try again.")
    return (
        f"{file['week']} {region} {file['stream']}: {counts['lines']} lines, {counts[EXACT]} exact and {counts[NEAR]} "
        f"near duplicates, {counts[REFUSED]} refused, {counts[LANDED]} landed, {deleted} deleted"
    )


def copy(cursor, statement, columns):
    """Copy columns of Arrow into a table of the warehouse."""
    table = pa.table(columns)
    if table.num_rows:
        text = io.BytesIO()
        csv.write_csv(table, text, csv.WriteOptions(include_header=False))
        text.seek(0)
        cursor.copy_expert(statement, text)


# --- what Spark does: say what becomes of each line -------------------------------------------------------------------

BLANK = r"[\s\u00a0\u202f\ufeff]"


def trimmed(column):
    """Return a text without the blanks around it, no-break ones included; empty where there is none."""
    return f.regexp_replace(f.coalesce(column, f.lit("")), f"^{BLANK}+|{BLANK}+$", "")


def whole(column, most=12):
    """Return a whole number, written as 5 or 5.0 or 5,0; NULL where it is none."""
    digits = f.regexp_extract(column, rf"^(\d{{1,{most}}})([.,]0+)?$", 1)
    return f.when(digits != "", digits.try_cast("bigint"))


def amount(column):
    """Return an amount of roubles, written as 1234.5, 1234,50, 1 234,50, 1,234.50 or 1.234,50; NULL where it is none.

    1,234 is none: it may be a thousand and more, or a little more than one. Nor is 12 50: blanks part thousands alone.
    """
    has_thousands = column.rlike(rf"^\d{{1,3}}({BLANK}\d{{3}})+([.,]\d{{1,2}})?$")
    text = f.when(has_thousands, f.regexp_replace(column, BLANK, "")).otherwise(column)
    plain = (
        f.when(text.rlike(r"^\d{1,12}([.,]\d{1,2})?$"), f.translate(text, ",", "."))
        .when(text.rlike(r"^\d{1,3}(,\d{3})+\.\d{1,2}$"), f.translate(text, ",", ""))
        .when(text.rlike(r"^\d{1,3}(\.\d{3})+,\d{1,2}$"), f.translate(f.translate(text, ".", ""), ",", "."))
    )
    return plain.try_cast("decimal(14,2)")


def moment(column):
    """Return a time, written as 2023-09-05 14:03[:21], with T and with an offset, or as 05.09.2023 14:03[:21]."""
    text = f.regexp_replace(column, r"^(\d{4}-\d\d-\d\d)T", "$1 ")
    full = f.when(text.rlike(r" \d\d:\d\d$"), f.concat(text, f.lit(":00"))).otherwise(text)
    return f.coalesce(
        *(
            f.try_to_timestamp(full, f.lit(form))
            for form in ("yyyy-MM-dd HH:mm:ss", "dd.MM.yyyy HH:mm:ss", "yyyy-MM-dd HH:mm:ssXXX")
        )
    )


def day(column):
    """Return a date, written as 2023-09-05 or 05.09.2023; NULL where it is none."""
    forms = ("yyyy-MM-dd", "dd.MM.yyyy")
    return f.coalesce(*(f.try_to_timestamp(column, f.lit(form)) for form in forms)).cast("date")


def text_of(time):
    """Return a time as ISO text with its offset."""
    return f.date_format(time, "yyyy-MM-dd'T'HH:mm:ssXXX")


def values_of(stream):
    """Return what the fields of a line are cast to, by name; and what may be wrong, a condition by its reason."""
    field = {name: f.col(f"field.{name}") for name in COLUMNS[stream]}
    region = f.initcap(f.lower(field["region"])) if "region" in field else None
    if stream == "stores.sales":
        values = {
            "key": whole(field["sale_id"]),
            "customer_id": whole(field["customer_id"]),
            "product_id": whole(field["product_id"]),
            "quantity": whole(field["quantity"], 9),
            "sold_at": moment(field["sale_date"]),
            "amount": amount(field["sale_amount"]),
            "region": region,
        }
        wrong = {
            "sale_id is no whole number": f.col("key").isNull(),
            # A guest, who has no card, leaves it blank.
            "customer_id is no whole number": f.col("customer_id").isNull() & (field["customer_id"] != ""),
            "product_id is no whole number": f.col("product_id").isNull(),
            "quantity is no whole number above 0": ~f.coalesce(f.col("quantity") > 0, f.lit(False)),
            "sale_date is no time": f.col("sold_at").isNull(),
            "sale_amount is no amount": f.col("amount").isNull(),
            "region is not the folder's": f.col("region") != f.col("folder"),
            "sale_date is not of this week": ~f.col("sold_at").between(f.col("begin"), f.col("end"))
            | (f.col("sold_at") == f.col("end")),
        }
    elif stream == "stores.clients":
        texts = ("first_name", "last_name", "email", "phone")
        values = {
            "key": whole(field["customer_id"]),
            **{name: f.nullif(field[name], f.lit("")) for name in texts},
            "birth_date": day(field["birth_date"]),
            "region": region,
            "registered_at": moment(field["registered_at"]),
        }
        wrong = {
            "customer_id is no whole number": f.col("key").isNull(),
            "birth_date is no date": f.col("birth_date").isNull() & (field["birth_date"] != ""),
            "registered_at is no time": f.col("registered_at").isNull() & (field["registered_at"] != ""),
            "region is not the folder's": f.col("region") != f.col("folder"),
        }
    else:
        texts = ("name", "category", "size")
        values = {
            "key": whole(field["product_id"]),
            **{name: f.nullif(field[name], f.lit("")) for name in texts},
            "price": amount(field["price"]),
        }
        wrong = {
            "product_id is no whole number": f.col("key").isNull(),
            "price is no amount": f.col("price").isNull() & (field["price"] != ""),
        }
    return values, wrong


def lines_of(spark, stream, paths, weeks, region):
    """Return a DataFrame of the lines of the files of a stream, as LINE has them.

    Args:
        spark: the session.
        stream: its name.
        paths: of the files.
        weeks: DataFrame of week, begin, end and updated_at.
        region: whose files they are.
    """
    names = COLUMNS[stream]
    values, wrong = values_of(stream)
    of_file = Window.partitionBy("week")
    # Within a block of a file, lines are numbered in their order.
    numbered = (
        spark.read.text(paths)
        .select(
            f.regexp_extract(f.col("_metadata.file_path"), r"/(\d{4}-W\d{2})/[^/]+/[^/]+$", 1).alias("week"),
            f.col("_metadata.file_block_start").alias("block"),
            f.monotonically_increasing_id().alias("place"),
            "value",
        )
        .withColumn("line_no", f.row_number().over(of_file.orderBy("block", "place")))
        .where((f.col("line_no") > 1) & (trimmed(f.col("value")) != ""))
        .join(f.broadcast(weeks), "week")
    )
    is_text = f.is_valid_utf8("value") & ~f.col("value").contains("\0")
    schema = ", ".join(f"{name} string" for name in (*names, "broken"))
    parsed = f.from_csv("value", schema, {"columnNameOfCorruptRecord": "broken", "escape": '"'})
    has_fields = f.col("parsed.broken").isNull() & is_text
    fields = [f.when(f.col("has_fields"), trimmed(f.col(f"parsed.{name}"))).alias(name) for name in names]
    # A line that is there again is the same whatever is wrong with it.
    same = f.when(f.col("has_fields"), f.to_json("field")).otherwise(trimmed(f.col("value")))
    read = (
        numbered.withColumn("parsed", parsed)
        .withColumn("has_fields", has_fields)
        .withColumn("field", f.struct(*fields))
        .withColumn("folder", f.lit(region))
        .withColumn("is_last", f.row_number().over(Window.partitionBy("week", same).orderBy(f.desc("line_no"))) == 1)
        .withColumns(values)
    )
    reason = f.when(~is_text, "the line is no text in UTF-8").when(~f.col("has_fields"), f"has not {len(names)} fields")
    for words, condition in wrong.items():
        reason = reason.when(condition, words)
    judged = read.withColumn("wrong", f.when(f.col("is_last"), reason))
    is_good = f.col("is_last") & f.col("wrong").isNull()
    value = f.struct(*(name for name in values if name != "key"))
    # Of the good lines of a key the last one counts.
    of_key = Window.partitionBy("week", "key", is_good).orderBy(f.desc("line_no"))
    ranked = judged.withColumn("rank", f.row_number().over(of_key)).withColumn("last", f.first(value).over(of_key))
    fate = (
        f.when(~f.col("is_last"), EXACT)
        .when(f.col("wrong").isNotNull(), REFUSED)
        .when(f.col("rank") == 1, LANDED)
        .when(value.eqNullSafe(f.col("last")), NEAR)
        .otherwise(REFUSED)
    )
    body = f.to_json(
        f.struct(
            *(
                (text_of(f.col(name)) if name in ("sold_at", "registered_at") else f.col(name)).alias(name)
                for name in values
                if name != "key"
            ),
            "updated_at",
        )
    )
    line = f.translate(f.make_valid_utf8("value"), "\0", "")
    return ranked.withColumn("fate", fate).select(
        f.lit(stream).alias("stream"),
        "week",
        "line_no",
        "fate",
        f.col("key").cast("string").alias("key"),
        f.when(f.col("fate") == LANDED, body).when(f.col("fate") == REFUSED, line).alias("text"),
        f.when(f.col("fate") == REFUSED, f.coalesce("wrong", f.lit("a later line has other values"))).alias("reason"),
        (f.col("quantity") if "quantity" in values else f.lit(None)).cast("bigint").alias("quantity"),
        (f.col("amount") if "amount" in values else f.lit(None)).cast("decimal(14,2)").alias("amount"),
    )


# --- what the driver does ---------------------------------------------------------------------------------------------


def landed_files(dsn, region):
    """Return checksum and version by stream, week and region of the files of a region that are landed.

    Raises:
        Failure: the warehouse does not answer.
    """
    try:
        with contextlib.closing(psycopg2.connect(dsn, connect_timeout=10)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT stream, week, region, sha256, version FROM landing.file WHERE region = %s", (region,)
            )
            return {tuple(row[:3]): row[3:] for row in cursor.fetchall()}
    except psycopg2.Error as error:
        raise Failure(f"The warehouse: {first_line(error)}") from None


def has_header(file):
    """Tell whether the first line of a file names the columns of its stream, in their order."""
    with Path(file.path).open("rb") as content:
        first = content.readline(10_000).decode("utf-8-sig", "replace")
    return [name.strip(' \t\r\n"').lower() for name in first.split(",")] == list(COLUMNS[file.stream])


def clean(spark, dsn, region, files, versions, *, accept_deletions):
    """Clean and land files of a region; return what is said of each, and the weeks of which nothing is landed."""
    known = []
    for file in files:
        begin, end = inbox.bounds(file.week)
        version = versions.get((file.stream, file.week, region), (None, 0))[1] + 1
        # The end of the week, and of a corrected file a later moment: what it says counts from there, and what later
        # weeks say holds. Of sales see land_file.
        updated_at = (end + timedelta(microseconds=version - 1)).isoformat()
        names = ("week", "stream", "path", "sha256", "bytes")
        known.append(
            {
                **{name: getattr(file, name) for name in names},
                "version": version,
                "begin": begin,
                "end": end,
                "updated_at": updated_at,
                "accept_deletions": accept_deletions,
            }
        )
    lines = None
    for stream in dict.fromkeys(file.stream for file in files):
        of_stream = [file for file in known if file["stream"] == stream]
        weeks = spark.createDataFrame(
            [tuple(file[name] for name in ("week", "begin", "end", "updated_at")) for file in of_stream],
            "week string, begin timestamp, end timestamp, updated_at string",
        )
        found = lines_of(spark, stream, [file["path"] for file in of_stream], weeks, region)
        # A file without a line is landed, too.
        of_file = spark.createDataFrame(
            [(stream, file["week"]) for file in of_stream], "stream string, week string"
        ).select("stream", "week", *(f.lit(None).cast(found.schema[name].dataType) for name in found.columns[2:]))
        found = found.unionAll(of_file)
        lines = found if lines is None else lines.unionAll(found)
    land = make_land(dsn, inbox.REGIONS[region], region, known)
    # Landed one week after the other, in their order: the partition is for one at a time, and so is the connection.
    done = lines.repartition(1).groupBy("week").applyInArrow(land, from_arrow_schema(DONE)).collect()
    done.sort(key=lambda row: row["week"])
    return [said for row in done for said in row["said"]], [row for row in done if row["problem"]]


def run(arguments):
    """Do what the arguments say; return the problems there were.

    Raises:
        Refusal, Failure: nothing was done.
    """
    dsn = os.environ.get("WAREHOUSE_STORES_DSN")
    if not dsn:
        raise Refusal("WAREHOUSE_STORES_DSN is not set: give the warehouse's libpq URI as the role tshop_stores.")
    if arguments.region not in inbox.REGIONS:
        raise Refusal(f"There is no region '{arguments.region}': give one of {', '.join(inbox.REGIONS)}.")
    weeks = arguments.weeks.split(",")
    try:
        for week in weeks:
            inbox.monday(week)
    except ValueError as error:
        raise Refusal(f"{error}.") from None
    landed = landed_files(dsn, arguments.region)
    shas = {place: sha256 for place, (sha256, _) in landed.items()}
    files = inbox.new_files(Path(arguments.inbox), shas, (arguments.region,), weeks=weeks)
    wrong = [file for file in files if not has_header(file)]
    files = [file for file in files if file not in wrong]
    unlanded = []
    if files:
        builder = SparkSession.builder.appName(f"stores {arguments.region}")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        try:
            said, unlanded = clean(
                spark, dsn, arguments.region, files, landed, accept_deletions=arguments.accept_deletions
            )
        except PySparkException as error:
            raise Failure(f"Spark: {first_line(error)}") from None
        finally:
            spark.stop()
        print("\n".join(said))
    else:
        print(f"{arguments.region}: no file is new.")
    problems = [row["problem"] for row in unlanded]
    problems += [
        f"{file.path} does not begin with the line {','.join(COLUMNS[file.stream])}: it is not landed."
        for file in wrong
    ]
    if problems:
        # Another try helps where one of them may go well.
        raise (Refusal if all(row["is_refused"] for row in unlanded) else Failure)("; ".join(problems))


def main():
    """Run the command line; return the exit status."""
    # PySpark does not know the newest pandas, which is not used here.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    parser = argparse.ArgumentParser(prog="clean.py", description="Cleans the stores' weekly files and lands them.")
    parser.add_argument("--inbox", required=True, help="folder of the files")
    parser.add_argument("--region", required=True, help="whose files")
    parser.add_argument("--weeks", required=True, help="ISO weeks, such as 2023-W35,2023-W36")
    parser.add_argument(
        "--accept-deletions", action="store_true", help="believe a corrected file that lacks however many sales"
    )
    try:
        run(parser.parse_args())
    except (Refusal, Failure) as error:
        print("Error: " + " ".join(str(error).split()), flush=True)
        return REFUSAL if isinstance(error, Refusal) else FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(main())
