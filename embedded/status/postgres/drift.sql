-- Where a source or a target is no longer as its declaration says.
SELECT
    entity_name AS entity,
    level,
    finding,
    detail,
    remediation
FROM sl.status_drift
ORDER BY array_position(ARRAY['error', 'warn', 'info'], level), entity_name, finding, detail
