-- Clients of the marketplace. When a state was written, landing knows: landing.land_states.
CALL raw.declare_stream(
    'marketplace.users',
    p_target => 'raw.client',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS client_id,
            d.body ->> 'first_name' AS first_name,
            d.body ->> 'last_name' AS last_name,
            raw.json_date(d.body -> 'birth_date') AS birth_date,
            d.body #>> '{contacts,email}' AS email,
            d.body #>> '{contacts,phone}' AS phone,
            d.body ->> 'loyalty' AS loyalty_status,
            d.body #>> '{address,region}' AS region,
            raw.json_time(d.body -> 'registered_at') AS registered_at,
            CASE WHEN d.body IS NOT NULL THEN d.written_at END AS updated_at
        FROM document AS d
    $$,
    p_id_base => 2000000000000,
    p_personal => '{first_name,last_name,birth_date,contacts,address}'
);
