"""What a login can read, write, stop, fill and become: each attempt, and what is to come of it.

tests/test_takeover.py makes each attempt on PostgreSQL; docs/roles.md shows them as a table, which `make docs` writes.
"""

from dataclasses import dataclass

KINDS = ("read", "write", "stop", "fill", "escalate")


@dataclass(frozen=True)
class Attempt:
    """One attempt of a role.

    Attributes:
        role: who makes it.
        kind: one of KINDS.
        says: what it is, as the table says it.
        statement: what the role runs, in a transaction of its own that is rolled back.
        refused: the SQLSTATE that the server refuses it with; "" where it takes it.
    """

    role: str
    kind: str
    says: str
    statement: str
    refused: str = "42501"


def _attempts() -> list[Attempt]:
    found = []

    def add(role: str, kind: str, says: str, statement: str, refused: str = "42501") -> None:
        found.append(Attempt(role, kind, says, statement, refused))

    everybody = (
        *("tshop", "tshop_etl", "tshop_loader", "tshop_reader", "tshop_analyst", "tshop_monitor", "tshop_consumer"),
        *("tshop_stores", "tshop_replica", "tshop_spark", "tshop_marketplace"),
    )
    for role in everybody:
        may_lock = role == "tshop"
        add(
            role,
            "stop",
            "a load, by its advisory lock",
            "SELECT pg_try_advisory_xact_lock(1)",
            "" if may_lock else "42501",
        )
        add(role, "stop", "the server", "SELECT pg_reload_conf()")
        add(
            role,
            "fill",
            "the WAL by messages, until a checkpoint recycles it",
            "SET TRANSACTION READ WRITE; SELECT pg_logical_emit_message(false, 'x', 'x')",
            "",
        )
        add(
            role,
            "fill",
            "the server's log by RAISE LOG, of which 30 MB are kept",
            "DO $$ BEGIN RAISE LOG 'a line of %', current_user; END $$",
            "",
        )
        add(role, "fill", "the disk by large objects", "SET TRANSACTION READ WRITE; SELECT lo_creat(-1)")
        add(role, "escalate", "superuser", f"SET TRANSACTION READ WRITE; ALTER ROLE {role} SUPERUSER")
        add(role, "escalate", "files and programs of the server", "COPY (SELECT 1) TO PROGRAM 'true'")
        add(role, "escalate", "another role", "SET ROLE postgres")
        if role not in ("tshop", "tshop_etl", "tshop_replica"):
            add(role, "fill", "more temporary files than its limit", "SET temp_file_limit = -1")

    add(
        "tshop",
        "read",
        "the whole warehouse",
        "SELECT FROM raw.client, dds.client, cdm.sales_mart, sl.rejected_row",
        "",
    )
    add("tshop", "write", "the whole warehouse", "UPDATE sl.entity SET breaker_share = 0.5", "")
    add(
        "tshop",
        "stop",
        "every session but a superuser's",
        # Divides by zero where it ends nobody.
        "SELECT 1 / count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE usename = 'tshop' AND pid <> pg_backend_pid()",
        "",
    )
    add("tshop", "fill", "the disk by tables", "CREATE TABLE sl.filling (x integer)", "")

    add("tshop_etl", "read", "raw, history or mart", "SELECT FROM dds.client")
    add("tshop_etl", "write", "history and mart through the procedures", "CALL dds.load_client()", "")
    add("tshop_etl", "write", "history and mart by hand", "DELETE FROM dds.client")
    add("tshop_etl", "write", "what a person asks to be forgotten", "CALL dds.forget_client(1)")
    add(
        "tshop_etl",
        "stop",
        "others' sessions",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tshop'",
    )
    add("tshop_etl", "fill", "the disk by tables", "CREATE TEMPORARY TABLE t (x integer)")

    add("tshop_loader", "read", "raw", "SELECT FROM raw.client", "")
    add("tshop_loader", "read", "history, mart and metadata", "SELECT FROM dds.client")
    add("tshop_loader", "write", "raw", "INSERT INTO raw.client (client_id, updated_at) VALUES (77, now())", "")
    add("tshop_loader", "write", "which transaction wrote a row", "UPDATE raw.client SET changed_xid = 1")
    add(
        "tshop_loader",
        "stop",
        "a writer of the row that it holds, until its transaction ends",
        "SELECT FROM raw.client FOR UPDATE",
        "",
    )
    add("tshop_loader", "stop", "a load, by a lock on a table", "LOCK TABLE raw.client IN EXCLUSIVE MODE")
    add(
        "tshop_loader",
        "fill",
        "the disk by rows of raw",
        "INSERT INTO raw.client (client_id, updated_at) VALUES (78, now())",
        "",
    )

    add("tshop_reader", "read", "the views that ClickHouse pulls", "SELECT FROM cdm.sales_mart_export", "")
    add("tshop_reader", "read", "raw, history and the mart's table", "SELECT FROM cdm.sales_mart")
    add("tshop_reader", "write", "anything", "SET TRANSACTION READ WRITE; UPDATE cdm.sales_mart SET client = ''")

    add("tshop_analyst", "read", "history and mart", "SELECT FROM dds.client, cdm.sales_mart", "")
    add("tshop_analyst", "read", "raw and rejected rows", "SELECT FROM raw.client")
    add("tshop_analyst", "write", "anything", "SET TRANSACTION READ WRITE; UPDATE dds.client SET last_name = ''")

    add("tshop_monitor", "read", "how the warehouse is", "SELECT FROM sl.status_run", "")
    add("tshop_monitor", "read", "what it holds", "SELECT FROM dds.client")
    add(
        "tshop_monitor",
        "read",
        "what others ask",
        # Divides by zero where no query of the owner is seen.
        "SELECT 1 / count(*) FROM pg_stat_activity WHERE usename = 'tshop' AND query <> '<insufficient privilege>'",
        "22012",
    )
    add("tshop_monitor", "write", "anything", "SET TRANSACTION READ WRITE; UPDATE sl.run SET status = 'failed'")

    add("tshop_consumer", "read", "how far each stream is", "SELECT FROM landing.position", "")
    add("tshop_consumer", "read", "documents, raw, history or mart", "SELECT FROM landing.document")
    add(
        "tshop_consumer",
        "write",
        "documents, and raw through raw.apply_documents",
        "INSERT INTO landing.document (stream, partition, position, written_at) VALUES ('x', 0, 0, now()); "
        "CALL raw.apply_documents('shop.orders')",
        "",
    )
    add("tshop_consumer", "write", "raw by hand", "INSERT INTO raw.client (client_id, updated_at) VALUES (79, now())")
    add("tshop_consumer", "write", "documents that were landed", "UPDATE landing.document SET body = NULL")
    add(
        "tshop_consumer",
        "stop",
        "the landing of a partition, until its transaction ends",
        "SELECT landing.begin_landing('shop.orders', 0, 'x')",
        "",
    )
    add(
        "tshop_consumer",
        "fill",
        "the disk by documents",
        "INSERT INTO landing.document (stream, partition, position, written_at) VALUES ('x', 0, 0, now())",
        "",
    )
    add("tshop_consumer", "fill", "the disk by temporary tables", "CREATE TEMPORARY TABLE t (x integer)")

    add("tshop_stores", "read", "which files were landed", "SELECT FROM landing.file", "")
    add("tshop_stores", "read", "the lines that were refused", "SELECT line FROM landing.refused_line")
    add("tshop_stores", "read", "documents, raw, history or mart", "SELECT FROM landing.document")
    add(
        "tshop_stores",
        "write",
        "documents, files and refused lines",
        "INSERT INTO landing.document (stream, partition, position, written_at) VALUES ('x', 0, 0, now()); "
        "DELETE FROM landing.refused_line WHERE stream = 'x'",
        "",
    )
    add("tshop_stores", "write", "raw by hand", "INSERT INTO raw.client (client_id, updated_at) VALUES (79, now())")
    add("tshop_stores", "write", "raw through raw.apply_documents", "CALL raw.apply_documents('stores.sales')")
    add("tshop_stores", "write", "documents that were landed", "UPDATE landing.document SET body = NULL")
    add(
        "tshop_stores",
        "stop",
        "the landing of a partition, until its transaction ends",
        "SELECT landing.begin_landing('stores.sales', 0, 'x')",
        "",
    )
    add(
        "tshop_stores",
        "fill",
        "the disk by documents",
        "INSERT INTO landing.document (stream, partition, position, written_at) VALUES ('x', 0, 0, now())",
        "",
    )
    add("tshop_stores", "fill", "the disk by temporary tables", "CREATE TEMPORARY TABLE t (x integer)")

    add("tshop_replica", "read", "the mirrors of the web shop", "SELECT FROM shop.transactions", "")
    add("tshop_replica", "read", "raw, history or mart", "SELECT FROM raw.payment")
    add("tshop_replica", "write", "raw by hand", "UPDATE raw.payment SET amount = 0")
    add("tshop_replica", "fill", "the disk by temporary tables", "CREATE TEMPORARY TABLE t (x integer)")

    add("tshop_marketplace", "read", "how far the marketplace was read", "SELECT FROM landing.bookmark", "")
    add("tshop_marketplace", "read", "documents, raw, history or mart", "SELECT FROM landing.document")
    add(
        "tshop_marketplace",
        "write",
        "documents of any stream, through landing.land_states",
        "SELECT landing.land_states('marketplace.users', 'x', '{1}', '{null}', '{null}')",
        "",
    )
    add("tshop_marketplace", "write", "documents that were landed", "UPDATE landing.document SET body = NULL")
    add("tshop_marketplace", "write", "raw", "INSERT INTO raw.client (client_id, updated_at) VALUES (79, now())")
    add(
        "tshop_marketplace",
        "stop",
        "the landing of a partition, until its transaction ends",
        "SELECT landing.land_states('marketplace.users', 'x', '{}', '{}', '{}')",
        "",
    )
    add(
        "tshop_marketplace",
        "fill",
        "the disk by documents",
        "SELECT landing.land_states('marketplace.users', 'x', '{1}', '{\"{}\"}', '{null}')",
        "",
    )
    add("tshop_marketplace", "fill", "the disk by temporary tables", "CREATE TEMPORARY TABLE t (x integer)")

    add("tshop_spark", "read", "what its marts need of the history", "SELECT FROM spark.dds_client", "")
    add("tshop_spark", "read", "personal data, raw, the marts of cdm", "SELECT FROM dds.client")
    add("tshop_spark", "write", "its own marts", "DELETE FROM spark.user_sales", "")
    add("tshop_spark", "write", "raw, history or the marts of cdm", "DELETE FROM cdm.user_sales")
    add("tshop_spark", "stop", "readers of its marts, until its transaction ends", "LOCK TABLE spark.user_sales", "")
    add("tshop_spark", "stop", "a load, by a lock on a table", "LOCK TABLE spark.dds_sale IN SHARE MODE")
    add(
        "tshop_spark",
        "fill",
        "the disk by rows of its marts",
        "INSERT INTO spark.computation VALUES ('x', now(), true, 0)",
        "",
    )
    add("tshop_spark", "fill", "the disk by temporary tables", "CREATE TEMPORARY TABLE t (x integer)")
    for role, view in (
        ("tshop_reader", "cdm.sales_mart_export"),
        ("tshop_analyst", "cdm.sales_mart_export"),
        ("tshop_monitor", "sl.status_run"),
    ):
        add(role, "stop", "a migration, by an open SELECT, for 30 s", f"SELECT FROM {view}", "")
        add(
            role,
            "stop",
            "a load, by a lock on a table",
            "LOCK TABLE cdm.sales_mart_export IN SHARE MODE",
        )
        add(
            role,
            "fill",
            "the disk by temporary tables",
            "SET TRANSACTION READ WRITE; CREATE TEMPORARY TABLE t (x integer)",
        )
    return found


ATTEMPTS = _attempts()
