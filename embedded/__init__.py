"""The whole T-Shop stack on one machine without Docker: PostgreSQL, ClickHouse and Airflow under supervisord."""
