-- Triggers keep_forgotten_insert and keep_forgotten_update of raw.client: after each statement that writes, once for
-- all of its rows. What slips by them (a replication worker; two transactions that do not see each other) is met by the
-- load.
CREATE OR REPLACE TRIGGER keep_forgotten_insert
AFTER INSERT ON raw.client
REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION raw.keep_forgotten();

CREATE OR REPLACE TRIGGER keep_forgotten_update
AFTER UPDATE ON raw.client
REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION raw.keep_forgotten();
