-- Nobody but who is named comes to the databases of the shop's server
--
-- Purpose: run by psql once, when the volume is empty.
REVOKE ALL ON DATABASE shop, postgres, template1 FROM PUBLIC;
