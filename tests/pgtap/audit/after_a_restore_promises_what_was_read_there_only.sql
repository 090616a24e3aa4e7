BEGIN;
SELECT plan(3);

-- A dump of a cluster that had given out more transaction ids, audited before anything is loaded.
SELECT tap.put_healthy_warehouse();
UPDATE sl.watermark SET system_identifier = 1, snapshot_xmin = 900000000000;
SELECT lives_ok('CALL sl.audit()', 'the restored warehouse is audited');
SELECT lives_ok('CALL dds.load_client(); CALL cdm.build_mart()', 'and loaded');
UPDATE dds.client SET last_name = 'Gromova' WHERE client_id = 1 AND is_current;

SELECT throws_ok(
    'CALL sl.audit(p_full => false)', 'TS010', NULL, 'an audit of what is new compares all that the load has read anew'
);

SELECT * FROM finish();
ROLLBACK;
