-- The triggers of public.users.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON public.users
FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER write_outbox AFTER INSERT OR UPDATE OR DELETE ON public.users
FOR EACH ROW EXECUTE FUNCTION public.write_outbox();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.users
FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();
