-- spark.dds_client
--
-- Purpose: what Spark reads of dds.client: of each version the loyalty status.
-- Columns: place: where the row lies; client_id; valid_from: start of the version, in microseconds since 1970;
--     loyalty_status: Unknown where it is blank.
-- Reads: dds.client.
--
-- Spark reads ranges of places side by side. Times are microseconds since 1970 in UTC, which every engine takes for
-- the same moment. It has no personal data.
CREATE OR REPLACE VIEW spark.dds_client AS
SELECT
    v.ctid AS place,
    v.client_id,
    (extract(EPOCH FROM v.valid_from) * 1000000)::bigint AS valid_from,
    CASE
        WHEN v.loyalty_status IN ('Platinum', 'Gold', 'Silver', 'Basic') THEN v.loyalty_status
        WHEN sl.is_blank(v.loyalty_status) THEN 'Unknown'
        ELSE left(v.loyalty_status, 200)
    END AS loyalty_status
FROM dds.client AS v;

COMMENT ON VIEW spark.dds_client IS 'The loyalty status of clients in each version, for Spark';
COMMENT ON COLUMN spark.dds_client.place IS
'Where the row lies (ctid): a range of places is read without the rest of the table';
COMMENT ON COLUMN spark.dds_client.client_id IS 'Key of the client, as in dds.client';
COMMENT ON COLUMN spark.dds_client.valid_from IS 'Start of the version, microseconds since 1970 (UTC)';
COMMENT ON COLUMN spark.dds_client.loyalty_status IS
'Loyalty status in its first 200 characters; Unknown: it is not known';
