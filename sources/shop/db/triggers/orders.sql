-- The triggers of public.orders.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON public.orders
FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER write_outbox AFTER INSERT OR UPDATE OR DELETE ON public.orders
FOR EACH ROW EXECUTE FUNCTION public.write_outbox();
-- After write_outbox, by name: the order's own message comes first.
CREATE OR REPLACE TRIGGER write_outbox_of_lines AFTER UPDATE OF user_id, ordered_at ON public.orders
FOR EACH ROW EXECUTE FUNCTION public.touch_lines();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.orders
FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();
