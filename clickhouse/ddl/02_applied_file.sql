-- tshop.applied_file
--
-- Purpose: ledger of the definitions: which state of which file of this folder was applied, and when. The newest row
--     of a file is its state. clickhouse/definitions.py reads and writes it.
-- Columns: file: its name; sha256: of its bytes; run_once: the SHA-256 of each of its statements that run once, in
--     their order; applied_at.
CREATE TABLE IF NOT EXISTS tshop.applied_file
(
    file String,
    sha256 String,
    run_once Array(String),
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ORDER BY (file, applied_at);
