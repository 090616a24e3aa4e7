-- The trigger of public.outbox.
CREATE OR REPLACE TRIGGER notify_outbox AFTER INSERT ON public.outbox
FOR EACH STATEMENT EXECUTE FUNCTION public.notify_outbox();
