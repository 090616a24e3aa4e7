-- The loads, the builds and the audit that have something to do.
SELECT procedure_name
FROM sl.procedures_due()
