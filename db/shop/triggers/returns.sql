-- Trigger carry on shop.returns: calls shop.carry_return.
-- It fires for what a replication worker applies, too, and for the rows of the first copy.
CREATE OR REPLACE TRIGGER carry
AFTER INSERT OR UPDATE OR DELETE ON shop.returns
FOR EACH ROW EXECUTE FUNCTION shop.carry_return();
ALTER TABLE shop.returns ENABLE ALWAYS TRIGGER carry;
