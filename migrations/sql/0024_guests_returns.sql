-- What a real shop sells: guests, returns, and lines with a price of their own.

ALTER TABLE raw.sale ADD COLUMN unit_price numeric(12, 2);
-- A sale without a client is a guest's.
ALTER TABLE cdm.sales_mart ALTER COLUMN client_id DROP NOT NULL;
-- What a new client may change: a guest's sale is none of it, and there are many (0012_newcomers.sql).
DROP INDEX cdm.sales_mart_unknown_client_idx;
CREATE INDEX sales_mart_unknown_client_idx ON cdm.sales_mart (client_id)
WHERE client_sk IS NULL AND client_id IS NOT NULL;

-- A quantity below zero is a return: quantity_zero and quantity_negative take the place of this rule. The declaration
-- of the new ones lets the next load judge anew what it rejected: a line of no pieces stays rejected, by its new name.
DELETE FROM sl.quality_rule WHERE entity_name = 'sale' AND rule_name = 'quantity_not_positive';
UPDATE sl.rejected_row
SET rule_name = 'quantity_zero'
WHERE entity_name = 'sale' AND rule_name = 'quantity_not_positive' AND resolved_run_id IS NULL;
