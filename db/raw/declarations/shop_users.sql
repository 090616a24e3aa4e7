-- Clients of the web shop.
CALL raw.declare_stream(
    'shop.users',
    p_target => 'raw.client',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS client_id,
            r.first_name,
            r.last_name,
            r.birth_date,
            r.email,
            r.phone,
            r.loyalty_status,
            r.region,
            r.registered_at,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
            first_name text, last_name text, birth_date date, email text, phone text, loyalty_status text, region text,
            registered_at timestamptz, updated_at timestamptz
        ) ON true
    $$,
    p_schema_version => 1,
    p_id_base => 1000000000000,
    p_personal => '{row.first_name,row.last_name,row.birth_date,row.email,row.phone}'
);
