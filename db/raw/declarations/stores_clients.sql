-- Clients of the stores, who hold a card.
CALL raw.declare_stream(
    'stores.clients',
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
            r.region,
            r.registered_at,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body) AS r (
            first_name text, last_name text, birth_date date, email text, phone text, region text,
            registered_at timestamptz, updated_at timestamptz
        ) ON true
    $$,
    p_id_base => 3000000000000,
    p_personal => '{first_name,last_name,birth_date,email,phone}'
);
