-- Whether positions and rejections of the landed documents fit together; raises with what it finds.
CALL raw.audit_documents(p_full => false);
