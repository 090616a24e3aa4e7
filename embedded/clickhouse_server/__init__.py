"""ClickHouse's HTTP interface over chDB: one process owns the data directory, every client uses the same URL."""
