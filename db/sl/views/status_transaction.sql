-- sl.status_transaction
--
-- Purpose: the transactions that are open for more than a minute, the oldest first: who holds up loads and vacuum.
-- Columns: pid; role_name; database_name; application_name; state; started_at; seconds: for how long it is open;
--     holds_loads: until it ends, each load reads again what was written since it began.
-- Reads: pg_stat_activity (sl.open_transactions).
CREATE OR REPLACE VIEW sl.status_transaction AS
SELECT
    t.pid,
    t.role_name,
    t.database_name,
    t.application_name,
    t.state,
    t.started_at,
    t.seconds,
    t.holds_loads
FROM sl.open_transactions() AS t
WHERE t.seconds > 60
ORDER BY t.started_at;

COMMENT ON VIEW sl.status_transaction IS 'The transactions that are open for more than a minute';
COMMENT ON COLUMN sl.status_transaction.pid IS 'Process of the session: SELECT pg_terminate_backend(pid) ends it';
COMMENT ON COLUMN sl.status_transaction.role_name IS 'Whose session it is';
COMMENT ON COLUMN sl.status_transaction.database_name IS 'The database it is connected to';
COMMENT ON COLUMN sl.status_transaction.application_name IS 'What the program calls itself';
COMMENT ON COLUMN sl.status_transaction.state IS 'active, or idle in transaction';
COMMENT ON COLUMN sl.status_transaction.started_at IS 'When the transaction began';
COMMENT ON COLUMN sl.status_transaction.seconds IS 'For how long it is open';
COMMENT ON COLUMN sl.status_transaction.holds_loads IS
'Until it ends, each load reads again what was written since it began';
