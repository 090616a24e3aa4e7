-- Roles and databases
--
-- Purpose: run by psql once, when the volume is empty: the owner of the warehouse, ClickHouse's reader, Airflow's own.
-- Parameters: their passwords, from the environment.
\getenv warehouse_password TSHOP_WAREHOUSE_PASSWORD
\getenv reader_password TSHOP_READER_PASSWORD
\getenv airflow_password TSHOP_AIRFLOW_DB_PASSWORD

CREATE ROLE tshop LOGIN PASSWORD :'warehouse_password';
ALTER DATABASE tshop OWNER TO tshop;
-- A CALL whose client is gone ends within this time, so that its retry does not meet its lock.
ALTER ROLE tshop SET client_connection_check_interval = '10s';

CREATE ROLE tshop_reader LOGIN PASSWORD :'reader_password';
-- What it may read is granted by the migrations (migrations/reader_grants.sql).
ALTER ROLE tshop_reader SET timezone = 'UTC';
ALTER ROLE tshop_reader SET default_transaction_read_only = 'on';

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;
REVOKE CONNECT ON DATABASE tshop FROM PUBLIC;
GRANT CONNECT ON DATABASE tshop TO tshop_reader;
