-- Trigger carry on shop.deliveries: calls shop.carry_delivery.
-- It fires for what a replication worker applies, too, and for the rows of the first copy.
CREATE OR REPLACE TRIGGER carry
AFTER INSERT OR UPDATE OR DELETE ON shop.deliveries
FOR EACH ROW EXECUTE FUNCTION shop.carry_delivery();
ALTER TABLE shop.deliveries ENABLE ALWAYS TRIGGER carry;
