MODEL (
    name bench_sqlmesh.client_history,
    kind SCD_TYPE_2_BY_TIME (
        unique_key client_id,
        updated_at_name updated_at,
        updated_at_as_valid_from TRUE,
        time_data_type TIMESTAMPTZ
    )
);

SELECT
    client_id::BIGINT,
    first_name::TEXT,
    last_name::TEXT,
    birth_date::DATE,
    is_deleted::BOOLEAN,
    updated_at::TIMESTAMPTZ
FROM raw.client
