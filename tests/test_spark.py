"""The generator on Spark: a local session writes the rows that the generator makes."""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pyarrow.dataset
import pytest
from conftest import ROOT

import generator

PYTHON = ROOT / ".venv-spark" / "bin" / "python"

pytestmark = [
    # A session takes half a minute to start on a busy machine.
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PYTHON.exists(), reason="Spark is not installed: 'make setup-spark'"),
    pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java: 'apt-get install openjdk-17-jre'"),
]


def run(*arguments: str) -> subprocess.CompletedProcess:
    """Run the command line, whatever its status."""
    return subprocess.run(
        [PYTHON, "-m", "generator.spark", *arguments],
        cwd=ROOT,
        # In a zone of its own: the times do not depend on it.
        env={
            **os.environ,
            "TZ": "Asia/Tokyo",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_rows_are_those_of_the_generator(tmp_path: Path) -> None:
    size = ("--clients", "1000", "--products", "300")
    answer = run(*size, "--to", "2026-01-02", "--parquet", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    # Days that are there stay.
    answer = run(*size, "--from", "2026-01-02", "--to", "2026-01-03", "--parquet", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    shop = generator.Shop(clients=1000, products=300)
    days = [shop.opened + timedelta(days=number) for number in range(3)]
    for entity in generator.ENTITIES:
        position = generator.ENTITIES.index(entity)
        if not list((tmp_path / entity).rglob("*.parquet")):
            # Nothing comes back in the first days.
            assert not any(generator.day(shop, day)[position].table.num_rows for day in days)
            assert f"2026-01-02 to 2026-01-03: {entity} 0 rows" in answer.stderr
            continue
        partitioning = pyarrow.dataset.partitioning(pyarrow.schema([("day", pyarrow.date32())]), flavor="hive")
        written = pyarrow.dataset.dataset(tmp_path / entity, partitioning=partitioning)
        for day in days:
            expected = generator.day(shop, day)[position].table
            found = written.to_table(filter=pyarrow.dataset.field("day") == day).drop_columns("day")
            # Spark's own notes on the schema aside.
            assert found.schema.remove_metadata() == expected.schema
            key = expected.column_names[0]
            assert found.replace_schema_metadata().sort_by(key) == expected.sort_by(key)
        count = written.count_rows(filter=pyarrow.dataset.field("day") > shop.opened)
        assert f"2026-01-02 to 2026-01-03: {entity} {count} rows" in answer.stderr


def test_wrong_arguments_get_one_sentence() -> None:
    answer = run("--csv", "files")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "generator: Spark writes Parquet files and no manifest: give --parquet alone\n"
