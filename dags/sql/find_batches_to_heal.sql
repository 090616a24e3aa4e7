{#- Marks batches for the next run of tshop_daily to pull again, and shows all that are marked: those in which
    tshop.sales_mart differs from the warehouse, or the one the run names. #}
{%- if params.batch is none %}
INSERT INTO tshop.batch_to_heal (run_id, difference)
SELECT
    run_id,
    difference
FROM tshop.batch_difference(held_in = 'sales_mart');
{%- else %}
-- It may be in the warehouse, in ClickHouse, or in both.
SELECT
    throwIf(
        (SELECT count() FROM tshop.warehouse_batch WHERE run_id = {{ params.batch }}) = 0
        AND (SELECT count() FROM tshop.sales_mart WHERE run_id = {{ params.batch }}) = 0,
        'There is no batch {{ params.batch }}: make report names those that differ'
    );

INSERT INTO tshop.batch_to_heal (run_id, difference)
SELECT
    {{ params.batch }},
    'Batch {{ params.batch }} was named by the run';
{%- endif %}

SELECT
    run_id,
    difference
FROM tshop.batch_to_heal
ORDER BY run_id, found_at;
