-- The web shop's clients, with the shop's own numbers.
SELECT
    client_id - 1000000000000 AS id,
    first_name,
    last_name,
    birth_date,
    email,
    phone,
    loyalty_status,
    region,
    registered_at,
    updated_at
FROM raw.client
WHERE client_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
