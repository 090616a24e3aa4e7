BEGIN;
SELECT plan(10);

SELECT tap.put_healthy_warehouse();
-- Of client 1 a bad state lies among the rejected rows too.
SELECT tap.put_client(1, tap.at(9), 'Zinaida', ' ');
UPDATE raw.client
SET email = 'belova@example.com', phone = '+7 900 123-45-67', loyalty_status = 'Gold', region = 'North'
WHERE client_id = 1;
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(8), 'Anna', 'Belova');
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS
SELECT d.client_sk, d.client_id, d.valid_from, d.valid_to, d.is_current FROM dds.client AS d;
CREATE TEMPORARY TABLE mart_before AS SELECT to_jsonb(m) - '{client,run_id}'::text[] AS row FROM cdm.sales_mart AS m;

SELECT tap.forget_client(1);

SELECT is_empty(
    $$SELECT *
    FROM raw.client
    WHERE client_id = 1 AND coalesce(first_name, last_name, birth_date::text, email, phone) IS NOT NULL$$,
    'from raw'
);
SELECT is_empty(
    $$SELECT *
    FROM dds.client
    WHERE client_id = 1 AND coalesce(first_name, last_name, birth_date::text, email, phone) IS NOT NULL$$,
    'from every version in dds'
);
SELECT is_empty(
    $$SELECT * FROM cdm.sales_mart WHERE client_id = 1 AND client IS NOT NULL$$,
    'from every version in the mart'
);
SELECT is_empty(
    $$SELECT t.row
    FROM (
        SELECT to_jsonb(r) FROM sl.rejected_row AS r
        UNION ALL SELECT to_jsonb(r) FROM sl.erasure AS r
        UNION ALL SELECT to_jsonb(r) FROM sl.run AS r
        UNION ALL SELECT to_jsonb(r) FROM raw.client AS r
        UNION ALL SELECT to_jsonb(r) FROM dds.client AS r
        UNION ALL SELECT to_jsonb(r) FROM cdm.sales_mart AS r
    ) AS t (row)
    WHERE t.row::text ~* 'belova|zinaida|123-45-67'$$,
    'and nowhere else do they stand, the receipt included'
);
SELECT set_eq(
    $$SELECT d.client_sk, d.client_id, d.valid_from, d.valid_to, d.is_current FROM dds.client AS d$$,
    $$SELECT * FROM before$$,
    'keys and intervals stay'
);
SELECT set_eq(
    $$SELECT to_jsonb(m) - '{client,run_id}'::text[] FROM cdm.sales_mart AS m$$,
    $$SELECT * FROM mart_before$$,
    'and all of the mart but the name: sums, ages, versions'
);
SELECT results_eq(
    $$SELECT d.loyalty_status, d.region FROM dds.client AS d WHERE d.client_id = 1 AND d.is_current$$,
    $$VALUES ('Gold', 'North')$$,
    'what names nobody stays: loyalty and region, by which reports group'
);
SELECT is(
    (SELECT array_agg(DISTINCT d.first_name) FROM dds.client AS d WHERE d.client_id <> 1),
    ARRAY['Ivan'],
    'other clients are left alone'
);
SELECT results_eq(
    $$SELECT e.entity_key, e.erased_by = session_user, e.raw_rows, e.dds_versions, e.mart_versions, e.rejected_rows
    FROM sl.erasure AS e$$,
    $$VALUES ('1', true, 1::bigint, 3::bigint, 2::bigint, 1::bigint)$$,
    'the receipt says what was erased where'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
