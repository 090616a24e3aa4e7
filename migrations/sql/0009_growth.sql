-- What a day costs must not grow with the years.

-- A client's sales lie anywhere in an index that begins with the client: at a hundred million sales a day's inserts
-- touch, and write to the WAL, a page each. By weeks of 168 hours first, they stay within the newest one.
-- cdm.sales_in_periods asks by the same expression.
CREATE INDEX sale_week_client_idx ON dds.sale (
    date_bin('7 days', sold_at, timestamptz '2000-01-01 00:00:00+00'), client_id, sold_at
);
DROP INDEX dds.sale_client_sold_at_idx;

CREATE TABLE sl.backfill (
    target text PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_key bigint NOT NULL,
    last_key bigint NOT NULL,
    source_runs bigint[] NOT NULL DEFAULT '{}',
    snapshot_xmin bigint NOT NULL,
    system_identifier bigint NOT NULL DEFAULT (pg_control_system()).system_identifier
);
COMMENT ON TABLE sl.backfill IS 'Loads and builds in slices that are under way: how far each has come';
COMMENT ON COLUMN sl.backfill.done_key IS 'The greatest key of the slices that are done';
COMMENT ON COLUMN sl.backfill.last_key IS 'The greatest key there was at the start; greater ones are left to the next run';
COMMENT ON COLUMN sl.backfill.source_runs IS 'The loads that the mart has taken up when all slices are done';
COMMENT ON COLUMN sl.backfill.snapshot_xmin IS 'As in sl.watermark: of the start';
