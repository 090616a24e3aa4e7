-- The triggers of public.deliveries.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON public.deliveries
FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.deliveries
FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();
