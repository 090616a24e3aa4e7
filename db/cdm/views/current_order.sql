-- cdm.current_order
--
-- Purpose: the current orders, with what marts say of them: the one home of an order's day, channel and region.
-- Columns: order_id, ordered_at, status, delivered_at: of the order; sold_on: its local day (Europe/Moscow); channel,
--     region: Unknown where it does not say.
-- Reads: dds.sales_order.
--
-- A text by which marts group counts by its first 200 characters: a longer one could be in no index. The shop's own
-- names of channels and regions are compared first: to look for a blank in each text takes longer.
CREATE OR REPLACE VIEW cdm.current_order AS
SELECT
    o.order_id,
    o.ordered_at,
    (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on,
    o.status,
    o.delivered_at,
    CASE
        WHEN o.channel IN ('web', 'marketplace', 'store') THEN o.channel
        WHEN sl.is_blank(o.channel) THEN 'Unknown'
        ELSE left(o.channel, 200)
    END AS channel,
    CASE
        WHEN o.region IN ('North', 'South', 'East', 'West') THEN o.region
        WHEN sl.is_blank(o.region) THEN 'Unknown'
        ELSE left(o.region, 200)
    END AS region
FROM dds.sales_order AS o
WHERE o.is_current;

COMMENT ON VIEW cdm.current_order IS 'The current orders, with what marts say of them';
COMMENT ON COLUMN cdm.current_order.order_id IS 'Key of the order, as in dds.sales_order';
COMMENT ON COLUMN cdm.current_order.ordered_at IS 'When it was ordered';
COMMENT ON COLUMN cdm.current_order.sold_on IS 'The shop''s local day of the order (Europe/Moscow)';
COMMENT ON COLUMN cdm.current_order.status IS 'Pending, Paid, Completed or Aborted';
COMMENT ON COLUMN cdm.current_order.delivered_at IS 'When it was handed over. NULL: not yet, or not known';
COMMENT ON COLUMN cdm.current_order.channel IS 'Channel of the order; Unknown: it does not say';
COMMENT ON COLUMN cdm.current_order.region IS 'Region of the order; Unknown: it does not say';
