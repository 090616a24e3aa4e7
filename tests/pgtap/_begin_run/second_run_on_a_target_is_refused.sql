BEGIN;
SELECT plan(3);

-- The second run is that of another session, which psql opens for each answer; it would be rolled back.
\setenv PGHOST :HOST
\setenv PGPORT :PORT
\setenv PGDATABASE :DBNAME
\setenv PGUSER :USER
SELECT tap.call('dds.load_client', p_settle => false);
\set same_target `psql -X -v VERBOSITY=sqlstate -c 'BEGIN' -c 'CALL dds.load_client()' -c 'ROLLBACK' 2>&1 | grep ERROR`
\set other_target `psql -X -v VERBOSITY=sqlstate -c 'BEGIN' -c 'CALL dds.load_sale()' -c 'ROLLBACK' 2>&1 | grep ERROR`
SELECT is(:'same_target'::text, 'ERROR:  TS001', 'at once, by its own error');
SELECT is(:'other_target'::text, '', 'one on another target is not');
SELECT is((SELECT count(*)::integer FROM sl.run), 1, 'the first one goes on');

SELECT * FROM finish();
ROLLBACK;
