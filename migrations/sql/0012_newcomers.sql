-- What a new client costs must not grow with the weeks that the shop has sold.

-- Of a client who had no version before, only sales whose client was unknown can change, and the mart knows which these
-- are. Before, a new client's sales were looked for in every week.
ALTER TABLE sl.changed_period ADD COLUMN is_new boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sl.changed_period.is_new IS 'True where the key had no version before the run, an incremental load';
CREATE INDEX sales_mart_unknown_client_idx ON cdm.sales_mart (client_id) WHERE client_sk IS NULL;
