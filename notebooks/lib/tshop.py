"""What a notebook asks by: PostgreSQL as the analyst, ClickHouse as its reader, and Spark where it is set up.

The addresses are in the environment of the kernel: WAREHOUSE_DSN, CLICKHOUSE_URL. An answer is a pandas.DataFrame.
"""

import os
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psycopg
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.ticker import FuncFormatter
from matplotlib_inline.backend_inline import set_matplotlib_formats

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Of libpq's parameters those that PostgreSQL's JDBC driver knows, by the same names.
_OF_JDBC = ("user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")
# As the shop's dashboards have them.
COLOURS = ["#1f77b4", "#ff9f40", "#2ca58d", "#d1495b", "#8d6cab", "#8c8c8c", "#b8a13a"]


def postgres(query: str, **parameters: Any) -> pd.DataFrame:
    """Return what a query gives in PostgreSQL.

    :param query: SQL, with ``%(name)s`` where the value of a parameter is to stand
    :param parameters: the values
    """
    with psycopg.connect(os.environ["WAREHOUSE_DSN"]) as connection:
        cursor = connection.execute(query, parameters or None)
        rows = cursor.fetchall()
        return _as_numbers(pd.DataFrame(rows, columns=[column.name for column in cursor.description]))


def clickhouse(query: str, **parameters: Any) -> pd.DataFrame:
    """Return what a query gives in ClickHouse.

    :param query: SQL, with ``{name:Type}`` where the value of a parameter is to stand
    :param parameters: the values
    """
    url = urlsplit(os.environ["CLICKHOUSE_URL"])
    client = clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port or (8443 if url.scheme == "https" else 8123),
        secure=url.scheme == "https",
        username=unquote(url.username or "default"),
        password=unquote(url.password or ""),
        database=unquote(url.path.strip("/")) or "tshop",
    )
    try:
        return _as_numbers(client.query_df(query, parameters=parameters))
    finally:
        client.close()


def spark() -> "SparkSession":
    """Return a session of Spark, on the cluster that SPARK_MASTER names, else on two cores of this machine.

    :raises ModuleNotFoundError: Spark is not set up here
    """
    # Spark has an environment of its own, which may have been made since this kernel began.
    libraries = sorted(map(str, Path(os.environ.get("SPARK_HOME", "")).glob("python/lib/*.zip")))
    sys.path.extend(library for library in libraries if library not in sys.path)
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Spark is not set up here: run 'make setup-spark'.") from None
    builder = SparkSession.builder.appName("notebook").master(os.environ.get("SPARK_MASTER", "local[2]"))
    jars = sorted(map(str, Path(os.environ.get("TSHOP_SPARK_JARS", "")).glob("*.jar")))
    if jars:
        builder = builder.config("spark.jars", ",".join(jars))
    return builder.config("spark.ui.enabled", "false").getOrCreate()


def table(name: str, column: str, parts: int = 4) -> "DataFrame":
    """Return a table of the warehouse as Spark's, which reads it in ranges of a column, each by its own connection.

    Each range is read when Spark comes to it: what is loaded meanwhile may be in one and not yet in another. Where the
    figures have to be of one moment, ask by ``postgres()``, or when no load runs.

    :param name: the table, such as dds.sales_order
    :param column: an indexed column of whole numbers, by which the ranges are; rows without one are in the first
    :param parts: how many ranges; of the analyst's connections there are eight
    """
    # Keys are not spread evenly, as each channel has its own: PostgreSQL's statistics say where as many rows end.
    found = postgres(
        """
        SELECT unnest(s.histogram_bounds::text::bigint[]) AS bound
        FROM pg_stats AS s
        WHERE format('%%I.%%I', s.schemaname, s.tablename) = %(name)s AND s.attname = %(column)s
        """,
        name=name,
        column=column,
    ).bound.tolist()
    bounds = sorted({found[len(found) * part // parts] for part in range(1, parts)}) if found else []
    ranges = ["true"]
    if bounds:
        between = [f"{column} >= {first} AND {column} < {last}" for first, last in pairwise(bounds)]
        ranges = [f"{column} < {bounds[0]} OR {column} IS NULL", *between, f"{column} >= {bounds[-1]}"]
    url, properties = _jdbc(os.environ["WAREHOUSE_DSN"])
    # Without a fetch size a range is read into memory whole.
    properties |= {"driver": "org.postgresql.Driver", "fetchsize": "10000"}
    return spark().read.jdbc(url, name, predicates=ranges, properties=properties)


def roubles(axis: Axis) -> None:
    """Label an axis of a plot in thousands or millions of roubles."""
    axis.set_major_formatter(FuncFormatter(lambda value, _position: _short(value)))


def heatmap(axes: Axes, grid: pd.DataFrame, texts: pd.DataFrame | None = None, **options: Any) -> QuadMesh:
    """Draw a table of numbers by their colours, its first row on top.

    :param axes: where it is drawn
    :param grid: the numbers
    :param texts: what stands in the cells, none by default
    :param options: of ``pcolormesh``, such as cmap
    """
    axes.grid(visible=False)
    columns, rows = np.arange(grid.shape[1]), np.arange(grid.shape[0])
    mesh = axes.pcolormesh(columns, rows, grid.to_numpy(dtype=float), edgecolors="white", linewidth=0.5, **options)
    for (row, column), text in np.ndenumerate(() if texts is None else texts.to_numpy()):
        axes.text(column, row, text, ha="center", va="center")
    axes.set_xticks(columns, grid.columns)
    axes.set_yticks(rows, grid.index)
    axes.invert_yaxis()
    return mesh


def _jdbc(dsn: str) -> tuple[str, dict[str, str]]:
    """Return what libpq is told as the URL and the properties that JDBC takes."""
    parts = {name: str(value) for name, value in psycopg.conninfo.conninfo_to_dict(dsn).items()}
    hosts = [f"[{host}]" if ":" in host else host for host in parts.pop("host", "localhost").split(",")]
    ports = [port or "5432" for port in parts.pop("port", "").split(",")]
    places = [f"{host}:{port}" for host, port in zip(hosts, ports * (len(hosts) // len(ports)), strict=True)]
    url = f"jdbc:postgresql://{','.join(places)}/{parts.pop('dbname')}"
    return url, {name: value for name, value in parts.items() if name in _OF_JDBC}


def _short(value: float) -> str:
    for size, unit in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:,.1f}".removesuffix(".0") + unit
    return f"{value:,.0f}"


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Make floating-point numbers of decimals, which pandas can neither draw nor average. Exact sums are SQL's."""
    for name, column in frame.items():
        values = column.dropna()
        if column.dtype == object and len(values) and isinstance(values.iloc[0], Decimal):
            frame[name] = column.astype(float)
    return frame


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.2f}".rstrip("0").rstrip(".")  # noqa: PLR0124
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None or value is pd.NaT else str(value)


def _as_markdown(frame: pd.DataFrame) -> str:
    """Return a table as the pages of docs/ have it."""
    aligned = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    rows = [list(map(str, frame.columns)), [("---:" if right else "---") for right in aligned]]
    rows += [[_text(value) for value in row] for row in frame.astype(object).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _set_up() -> None:
    """Make plots and tables look alike, and be written alike each time."""
    plt.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "figure.constrained_layout.use": True,
            "figure.figsize": (9, 3.6),
            "grid.alpha": 0.3,
            "legend.frameon": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "tshop",
        }
    )
    pd.options.display.float_format = _text
    if shell := get_ipython():
        set_matplotlib_formats("svg", metadata={"Date": None})
        shell.display_formatter.formatters["text/markdown"].for_type(pd.DataFrame, _as_markdown)


_set_up()
