"""The report at the end of ``make spark``: the marts of both engines, side by side."""

from embedded.report.live import table, warehouse
from embedded.settings import Settings


def render(settings: Settings) -> str:
    """Return the report as plain text.

    Raises:
        psycopg2.Error: the warehouse does not answer.
    """
    with warehouse(settings) as from_postgres:
        (compared,) = from_postgres("spark_compared")
        sections = [
            ("Marts that Spark computed (schema spark)", table(from_postgres("spark_computed"))),
            ("The same marts of both engines", table(from_postgres("spark_sums"))),
        ]
    verdict = f"The engines agree: {compared['rows']} rows compared at {compared['compared_at']}, none differs."
    return "\n".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections) + f"\n\n{verdict}\n"
