-- The triggers of shop.returns.
CREATE OR REPLACE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON shop.returns
FOR EACH ROW EXECUTE FUNCTION shop.set_updated_at();
CREATE OR REPLACE TRIGGER note_deletion BEFORE DELETE OR UPDATE OF id ON shop.returns
FOR EACH ROW EXECUTE FUNCTION shop.note_deletion();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON shop.returns
FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_truncate();
