-- The triggers of shop.products.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON shop.products
FOR EACH ROW EXECUTE FUNCTION shop.set_updated_at();
CREATE OR REPLACE TRIGGER write_outbox AFTER INSERT OR UPDATE OR DELETE ON shop.products
FOR EACH ROW EXECUTE FUNCTION shop.write_outbox();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON shop.products
FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_truncate();
