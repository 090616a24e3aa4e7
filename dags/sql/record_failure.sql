-- The trace of a call that failed, written after its rollback.
CALL sl.record_failure(%(procedure)s, %(sqlstate)s, %(message)s, %(context)s, %(started_at)s);
