-- These have a parameter more now, which has a default: what there was would make calls ambiguous.
DROP FUNCTION IF EXISTS sl.find_violations(text, bigint[], bigint);
DROP FUNCTION IF EXISTS cdm.find_violations(bigint[]);
