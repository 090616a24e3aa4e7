-- Superset's database
--
-- Purpose: run by psql once, when the volume is empty.
-- Parameters: the password of its owner, from the environment.
\getenv superset_password TSHOP_SUPERSET_DB_PASSWORD

CREATE ROLE superset LOGIN PASSWORD :'superset_password' CONNECTION LIMIT 16;
CREATE DATABASE superset OWNER superset;
REVOKE ALL ON DATABASE superset FROM PUBLIC;
