-- Database tshop
--
-- Purpose: holds everything of this folder. Atomic, because publishing relies on EXCHANGE TABLES. Tables of the
--     MergeTree family name no engine: it is the server's default_table_engine, and a replicated one where the database
--     was made as such before (docs/scaling.md).
CREATE DATABASE IF NOT EXISTS tshop ENGINE = Atomic; -- noqa: capitalisation.keywords
