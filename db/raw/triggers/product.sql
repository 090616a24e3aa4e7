-- Trigger stamp_changed_xid of raw.product: each update carries its transaction's id (inserts have it by default).
CREATE OR REPLACE TRIGGER stamp_changed_xid
BEFORE UPDATE ON raw.product
FOR EACH ROW EXECUTE FUNCTION raw.stamp_changed_xid();
