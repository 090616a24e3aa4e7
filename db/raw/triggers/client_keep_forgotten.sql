-- Trigger keep_forgotten of raw.client: after each statement that writes, so that a bulk load pays for the forgotten
-- clients there are and not for each row. What slips by it (a replication worker; two transactions that do not see each
-- other) is met by dds.load_client.
CREATE OR REPLACE TRIGGER keep_forgotten
AFTER INSERT OR UPDATE ON raw.client
FOR EACH STATEMENT EXECUTE FUNCTION raw.keep_forgotten();
