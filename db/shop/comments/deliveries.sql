-- What shop.deliveries and its columns hold.
COMMENT ON TABLE shop.deliveries IS 'Mirror of the web shop''s table of parcels';
COMMENT ON COLUMN shop.deliveries.id IS 'Number of the parcel in the shop; in raw 10^12 more';
COMMENT ON COLUMN shop.deliveries.order_id IS 'Number of the order in the shop; in raw 10^12 more. NULL: not known';
COMMENT ON COLUMN shop.deliveries.shipped_at IS 'When the carrier took it. NULL: not known';
COMMENT ON COLUMN shop.deliveries.delivered_at IS 'When it arrived. NULL: not yet, or never';
COMMENT ON COLUMN shop.deliveries.carrier IS 'Who carries it. NULL: not known';
COMMENT ON COLUMN shop.deliveries.status IS 'Shipped, Delivered or Lost. NULL: not known';
COMMENT ON COLUMN shop.deliveries.updated_at IS 'When the shop changed the row last, on the shop''s clock';
