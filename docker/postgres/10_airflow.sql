-- Airflow's database
--
-- Purpose: run by psql once, when the volume is empty. The roles of the warehouse are made by `python -m migrations.roles`.
-- Parameters: the password of its owner, from the environment.
\getenv airflow_password TSHOP_AIRFLOW_DB_PASSWORD

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password' CONNECTION LIMIT 50;
-- A session that a killed scheduler left in a transaction does not hold its locks for ever.
ALTER ROLE airflow SET idle_in_transaction_session_timeout = '60s';
CREATE DATABASE airflow OWNER airflow;
REVOKE ALL ON DATABASE airflow, postgres, template1 FROM PUBLIC;
