-- The invariants of what was touched since the last audit; raises with what it finds.
CALL sl.audit(p_full => false);
