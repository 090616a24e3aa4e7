BEGIN;
SELECT plan(2);

-- The names of the checks as the functions' bodies give them out: a new one wants a file in this folder.
SELECT set_eq(
    $$SELECT m.found[1]
    FROM pg_proc AS p
    CROSS JOIN LATERAL regexp_matches(p.prosrc, $re$SELECT '([a-z]+(?:_[a-z]+)+)'$re$, 'g') AS m (found)
    WHERE p.oid = 'sl._find_violations'::regproc$$,
    ARRAY[
        'interval_empty', 'versions_overlap', 'neighbours_equal', 'current_flag_wrong', 'several_current',
        'observation_outside', 'gap_without_deletion', 'source_differs'
    ],
    'of an entity'
);
SELECT set_eq(
    $$SELECT m.found[1]
    FROM pg_proc AS p
    CROSS JOIN LATERAL regexp_matches(p.prosrc, $re$SELECT '([a-z]+(?:_[a-z]+)+)'$re$, 'g') AS m (found)
    WHERE p.oid = 'sl._find_mart_violations'::regproc$$,
    ARRAY[
        'interval_empty', 'versions_overlap', 'version_numbers_broken', 'current_flag_wrong', 'several_current',
        'image_differs'
    ],
    'of a mart'
);

SELECT * FROM finish();
ROLLBACK;
