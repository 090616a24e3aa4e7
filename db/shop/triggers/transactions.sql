-- Trigger carry on shop.transactions: calls shop.carry_transaction.
-- It fires for what a replication worker applies, too, and for the rows of the first copy.
CREATE OR REPLACE TRIGGER carry
AFTER INSERT OR UPDATE OR DELETE ON shop.transactions
FOR EACH ROW EXECUTE FUNCTION shop.carry_transaction();
ALTER TABLE shop.transactions ENABLE ALWAYS TRIGGER carry;
