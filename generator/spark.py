"""The shop's days by Spark: each task makes some consecutive days, and the rows are those of ``generator.day``.

``python -m generator.spark --parquet DIR`` writes a folder of Parquet files an entity and day, in a local Spark session
or, by ``spark-submit``, in that of a cluster, whose executors need this package (``--py-files``) and what
requirements/spark.txt lists, Spark itself excepted. A day that is there is rewritten, other days stay. pyspark is
not among the packages of the warehouse: ``make setup-spark``.
"""

import os
import sys

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from generator import ENTITIES, GeneratorError, chunks
from generator.__main__ import FAILURE, NOT_BEGUN, checked, parser

DAY = pa.field("day", pa.date32())


def rows(spark, shop, entity, days, tasks=None):
    """A DataFrame of the rows of raw.<entity> that a shop writes on consecutive days, and of the column ``day``.

    days: dates, ascending. tasks: how many make them, a share of consecutive days each, since a day's orders lead to
    rows of the 15 days after it; as many as Spark's default parallelism where None.
    """

    def make(batches):
        for number in (number for batch in batches for number in batch.column(0).to_pylist()):
            for chunk in chunks(shop, days[number], [entity]):
                for batch in chunk.table.to_batches():
                    day = pa.repeat(pa.scalar(days[number], DAY.type), batch.num_rows)
                    yield pa.record_batch([*batch.columns, day], schema=batch.schema.append(DAY))

    schema = next(chunks(shop, days[0], [entity])).table.schema.append(DAY)
    numbers = spark.range(0, len(days), 1, tasks or min(len(days), spark.sparkContext.defaultParallelism))
    return numbers.mapInArrow(make, from_arrow_schema(schema))


def main(argv=None):
    """Runs the command line; returns the exit status: 0; 2 where nothing was begun; 1 for a failure on the way."""
    arguments = parser().parse_args(argv)
    try:
        shop, days = checked(arguments)
        if not arguments.parquet or arguments.manifest:
            raise GeneratorError("Spark writes Parquet files and no manifest: give --parquet alone")
    except GeneratorError as error:
        print(f"generator: {error}", file=sys.stderr)
        return NOT_BEGUN
    # Else the workers of a local session run whatever Python there is; a cluster has its own setting.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = (
        SparkSession.builder.appName("tshop generator")
        # A time is written as what it is, whatever zone the machine is in, and to the microsecond, in UTC.
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.sources.partitionOverwriteMode", "dynamic")
        .getOrCreate()
    )
    try:
        for entity in ENTITIES:
            made = rows(spark, shop, entity, days)
            made.write.partitionBy("day").parquet(f"{arguments.parquet}/{entity}", mode="overwrite")
            if not arguments.quiet:
                # Of days without a row there is no file that would name the columns.
                written = spark.read.schema(made.schema).parquet(f"{arguments.parquet}/{entity}")
                count = written.where(written["day"].between(days[0], days[-1])).count()
                print(f"{days[0]} to {days[-1]}: {entity} {count} rows", file=sys.stderr)
    except PySparkException as error:
        print(f"generator: Spark has failed: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return FAILURE
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
