BEGIN;
SELECT plan(2);

INSERT INTO raw.payment (payment_id, updated_at) VALUES (1000000000007, '2026-01-02');
SELECT throws_ok(
    'CALL raw.reconcile_mirrors()', 'TS022', 'The mirrors of the web shop are not whole', 'without a subscription'
);
SELECT is((SELECT count(*) FROM raw.payment AS p WHERE p.is_deleted), 0::bigint, 'it changed nothing');

SELECT * FROM finish();
ROLLBACK;
