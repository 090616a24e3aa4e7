BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();

-- What the hash of a batch of two rows becomes where one column of one of them changes.
CREATE TEMPORARY TABLE changed (change_no integer, change text, row_hash numeric);

DO $$
DECLARE
    v_change text;
    v_hash numeric;
    v_no integer := 0;
BEGIN
    DELETE FROM cdm.sales_mart;
    INSERT INTO cdm.sales_mart (
        sale_id, version_no, order_id, sold_at, client_id, client_sk, client, client_age, product_id, product_sk,
        product, category, size, price, quantity, total_amount, valid_from, valid_to, is_current, run_id
    )
    SELECT
        n, 1, 1, '2026-01-01 12:00:00.000001+03', 1, 1, 'Иван|Ким', nullif(n, 1), 1, 1,
        'Юбка', 'Юбки', 'M', 1.10, 2, 2.20, '2026-01-02', 'infinity', true, 1
    FROM generate_series(1, 2) AS n;
    FOREACH v_change IN ARRAY ARRAY[
        'is_current = true', -- as it is
        'sale_id = 3', 'version_no = 2', 'order_id = 2', $c$sold_at = sold_at + interval '1 microsecond'$c$,
        $c$sold_at = sold_at + interval '10 hours'$c$, 'client_id = 2', 'client_id = NULL', 'client_sk = NULL', 'client = NULL',
        $c$client = 'Иван|Кин'$c$, $c$client = 'Иван', product = '|КимЮбка'$c$, 'client_age = 0', 'product_id = 2',
        'product_sk = 2', $c$product = 'Юбк', category = 'аЮбки'$c$, $c$category = 'Юбк', size = 'иM'$c$,
        $c$size = 'M '$c$, 'price = 1.11', 'price = NULL', 'quantity = 3', 'total_amount = 2.21', 'total_amount = NULL',
        $c$valid_from = valid_from + interval '1 microsecond'$c$, $c$valid_to = '2026-03-01'$c$,
        'is_current = false'
    ] LOOP
        v_no := v_no + 1;
        BEGIN
            EXECUTE format('UPDATE cdm.sales_mart SET %s WHERE sale_id = 1', v_change);
            SELECT b.row_hash INTO STRICT v_hash FROM cdm.sales_mart_batch AS b;
            RAISE SQLSTATE 'UT001';
        EXCEPTION WHEN SQLSTATE 'UT001' THEN
            INSERT INTO changed VALUES (v_no, v_change, v_hash);
        END;
    END LOOP;
END;
$$;

SELECT is(
    (SELECT row_hash FROM changed WHERE change_no = 1),
    (SELECT row_hash FROM cdm.sales_mart_batch),
    'the same rows have the same hash'
);
SELECT is_empty(
    $$SELECT
        a.change,
        b.change
    FROM changed AS a
    INNER JOIN changed AS b USING (row_hash)
    WHERE a.change_no < b.change_no$$,
    'any change of any column is another hash'
);

-- Values, not how a session shows them.
SET LOCAL timezone TO 'America/New_York';
SET LOCAL datestyle TO 'German, DMY';
SET LOCAL intervalstyle TO 'sql_standard';
SET LOCAL extra_float_digits TO -15;
SELECT is(
    (SELECT row_hash FROM cdm.sales_mart_batch),
    (SELECT row_hash FROM changed WHERE change_no = 1),
    'no setting of the session changes it'
);

SELECT * FROM finish();
ROLLBACK;
