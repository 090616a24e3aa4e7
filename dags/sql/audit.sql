-- The warehouse's invariants; raises with what it finds.
CALL sl.audit();
