-- Trigger stamp_changed_xid of raw.sale: each update carries its transaction's id (inserts have it by default),
-- also one that a replication worker applies.
CREATE OR REPLACE TRIGGER stamp_changed_xid
BEFORE UPDATE ON raw.sale
FOR EACH ROW EXECUTE FUNCTION raw.stamp_changed_xid();

ALTER TABLE raw.sale ENABLE ALWAYS TRIGGER stamp_changed_xid;
