-- What a day costs must not grow with the years.

-- A client's sales lie anywhere in an index that begins with the client: at a hundred million sales a day's inserts
-- touch, and write to the WAL, a page each. By weeks of 168 hours first, they stay within the newest one.
-- cdm.sales_in_periods asks by the same expression.
CREATE INDEX sale_week_client_idx ON dds.sale (
    date_bin('7 days', sold_at, timestamptz '2000-01-01 00:00:00+00'), client_id, sold_at
);
DROP INDEX dds.sale_client_sold_at_idx;

-- With run_id in no index, closing a version is a HOT update: no index entry, and no page of an index in the WAL. An
-- audit finds what a load changed by sl.changed_period, which is kept until then; what was deleted from it before
-- counts as everything.
DROP INDEX dds.client_run_idx;
DROP INDEX dds.product_run_idx;
INSERT INTO sl.changed_period (run_id, entity_name, changed_from, changed_to)
SELECT r.run_id, e.entity_name, '-infinity', 'infinity'
FROM sl.run AS r
INNER JOIN sl.entity AS e ON r.target = format('%I.%I', e.target_schema, e.target_table)
WHERE
    e.keeps_changed_periods
    AND r.status = 'succeeded'
    AND r.taken_up_by IS NOT NULL
    AND r.audited_by IS NULL
    AND r.rows_read > r.rows_unchanged + r.rows_rejected;
COMMENT ON TABLE sl.changed_period IS
'For which moments a run changed the answer to "which version of this key was valid then", until the mart has taken it up
and an audit has checked it';
COMMENT ON COLUMN sl.entity.keeps_changed_periods IS
'True where the mart looks the entity up as of a moment: a load then notes in sl.changed_period what it changed, and run_id
needs no index';
