-- Trigger find_gap on shop.relay_state: calls shop.find_gap.
-- It fires for what a replication worker applies, too.
CREATE OR REPLACE TRIGGER find_gap
BEFORE UPDATE ON shop.relay_state
FOR EACH ROW EXECUTE FUNCTION shop.find_gap();
ALTER TABLE shop.relay_state ENABLE ALWAYS TRIGGER find_gap;
