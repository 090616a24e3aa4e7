-- The trigger of shop.outbox.
CREATE OR REPLACE TRIGGER notify_outbox AFTER INSERT ON shop.outbox
FOR EACH STATEMENT EXECUTE FUNCTION shop.notify_outbox();
