"""ClickHouse's HTTP interface over chDB: one process owns the data directory, every client uses the same URL.

The package stands alone: it imports nothing beside itself but installed libraries. docs/clickhouse-server.md.
"""
