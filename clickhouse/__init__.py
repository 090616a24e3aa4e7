"""What runs the SQL of this folder: how a file splits into statements, and which definitions a ClickHouse still lacks.

`python -m clickhouse` applies the definitions to the ClickHouse that CLICKHOUSE_URL names.
"""
