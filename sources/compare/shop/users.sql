-- Clients, as raw/users.sql reads them from raw.
SELECT
    id,
    first_name,
    last_name,
    birth_date,
    email,
    phone,
    loyalty_status,
    region,
    registered_at,
    updated_at
FROM shop.users
