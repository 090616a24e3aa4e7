-- The triggers of public.product_categories.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON public.product_categories
FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER write_outbox AFTER INSERT OR UPDATE OR DELETE ON public.product_categories
FOR EACH ROW EXECUTE FUNCTION public.write_outbox();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.product_categories
FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();
