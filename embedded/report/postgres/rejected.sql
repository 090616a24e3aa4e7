-- Rows the quality rules kept out of dds: how many still are, and how many were put right later.
SELECT
    entity_name AS entity,
    rule_name AS rule,
    count(*) FILTER (WHERE resolved_at IS NULL) AS open,
    count(*) FILTER (WHERE resolved_at IS NOT NULL) AS resolved
FROM sl.rejected_row
GROUP BY entity_name, rule_name
ORDER BY entity_name, rule_name
