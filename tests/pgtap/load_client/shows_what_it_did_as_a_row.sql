BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1), NULL);
CREATE FUNCTION pg_temp.answer(
    OUT run_id bigint,
    OUT rows_read bigint,
    OUT rows_inserted bigint,
    OUT rows_corrected bigint,
    OUT rows_deleted bigint,
    OUT rows_unchanged bigint,
    OUT rows_rejected bigint
)
LANGUAGE plpgsql
AS $body$
BEGIN
    CALL dds.load_client(
        run_id => run_id,
        rows_read => rows_read,
        rows_inserted => rows_inserted,
        rows_corrected => rows_corrected,
        rows_deleted => rows_deleted,
        rows_unchanged => rows_unchanged,
        rows_rejected => rows_rejected
    );
END;
$body$;
CREATE TEMPORARY TABLE answer AS SELECT * FROM pg_temp.answer();

SELECT results_eq(
    $$SELECT * FROM answer$$,
    $$SELECT run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
    FROM sl.run$$,
    'the same as in sl.run'
);

SELECT * FROM finish();
ROLLBACK;
