-- What a new client costs must not grow with the weeks that the shop has sold.

-- Of a key that had no version before, only sales whose client was unknown can change, and the mart knows which these
-- are: there are some hundred of them at a time. Before, a new client's sales were looked for in every week.
ALTER TABLE sl.changed_period ADD COLUMN is_new boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sl.changed_period.is_new IS 'True where the run has brought the first version of the key';
CREATE INDEX sales_mart_unknown_client_idx ON cdm.sales_mart (client_id) WHERE client_sk IS NULL;
