-- cdm.carrier_delivery_image
--
-- Purpose: what cdm.carrier_delivery should say now: deliveries by the shop's local month of the shipping
--     (Europe/Moscow) and the carrier.
-- Columns: those of cdm.carrier_delivery except the version's own.
-- Reads: dds.delivery.
--
-- A delivery whose time of shipping is not known is in no month, and not here.
CREATE OR REPLACE VIEW cdm.carrier_delivery_image AS
SELECT
    d.shipped_month,
    d.carrier,
    count(*) AS deliveries_cnt,
    count(*) FILTER (WHERE d.status = 'Delivered') AS delivered_cnt,
    count(*) FILTER (WHERE d.status = 'Lost') AS lost_cnt,
    count(*) FILTER (WHERE d.delivered_at > d.shipped_at + interval '7 days') AS late_cnt,
    round(
        sum(extract(EPOCH FROM d.delivered_at - d.shipped_at)) / 86400 / count(d.delivered_at), 2
    )::numeric(24, 2) AS avg_days
FROM (
    SELECT
        date_trunc('month', v.shipped_at AT TIME ZONE 'Europe/Moscow')::date AS shipped_month,
        CASE WHEN sl.is_blank(v.carrier) THEN 'Unknown' ELSE left(v.carrier, 200) END AS carrier,
        v.status,
        v.shipped_at,
        v.delivered_at
    FROM dds.delivery AS v
    WHERE v.is_current AND v.shipped_at IS NOT NULL
) AS d
GROUP BY d.shipped_month, d.carrier;

COMMENT ON VIEW cdm.carrier_delivery_image IS 'What cdm.carrier_delivery should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.carrier_delivery_image.shipped_month IS
'First day of the shop''s local month of the shipping (Europe/Moscow)';
COMMENT ON COLUMN cdm.carrier_delivery_image.carrier IS 'Who carries it; Unknown: it does not say';
COMMENT ON COLUMN cdm.carrier_delivery_image.deliveries_cnt IS 'Deliveries';
COMMENT ON COLUMN cdm.carrier_delivery_image.delivered_cnt IS 'Deliveries that are Delivered';
COMMENT ON COLUMN cdm.carrier_delivery_image.lost_cnt IS 'Deliveries that are Lost';
COMMENT ON COLUMN cdm.carrier_delivery_image.late_cnt IS 'Deliveries that took more than seven days';
COMMENT ON COLUMN cdm.carrier_delivery_image.avg_days IS
'Days from the shipping to the delivery, half up. NULL: none was delivered';

-- Deliveries by month and carrier.
CALL sl.declare_mart(
    'carrier_delivery',
    p_key => '{shipped_month,carrier}',
    p_sources => '{delivery}',
    p_touched => 'cdm.touched_months_of_carriers',
    p_group => '{shipped_month}',
    p_published_as => 'tshop.carrier_delivery'
);
CALL sl.declare_index(
    'delivery_month_idx', 'dds.delivery',
    $$((date_trunc('month', shipped_at AT TIME ZONE 'Europe/Moscow')::date))$$
);
