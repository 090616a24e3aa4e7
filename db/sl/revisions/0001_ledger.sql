-- What of the engine is installed: sl.engine_revision has the revisions in db/sl/revisions/, sl.engine_version the
-- releases.

CREATE SCHEMA IF NOT EXISTS sl;

CREATE TABLE sl.engine_revision (
    revision text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE sl.engine_version (
    version text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
