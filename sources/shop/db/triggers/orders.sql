-- The triggers of shop.orders.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON shop.orders
FOR EACH ROW EXECUTE FUNCTION shop.set_updated_at();
CREATE OR REPLACE TRIGGER write_outbox AFTER INSERT OR UPDATE OR DELETE ON shop.orders
FOR EACH ROW EXECUTE FUNCTION shop.write_outbox();
-- After write_outbox, by name: the order's own message comes first.
CREATE OR REPLACE TRIGGER write_outbox_of_lines AFTER UPDATE OF user_id, ordered_at ON shop.orders
FOR EACH ROW EXECUTE FUNCTION shop.touch_lines();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON shop.orders
FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_truncate();
