-- Clients: who bought. A mart shows the client as of the sale; a person may ask to be forgotten.
CALL sl.declare_entity(
    'client',
    p_source => 'raw.client',
    p_key => '{client_id}',
    p_tracked => '{first_name,last_name,birth_date,email,phone,loyalty_status,region,registered_at}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{first_name,last_name}',
    p_personal => '{first_name,last_name,birth_date,email,phone}',
    p_keeps_changed_periods => true
);
CALL sl.declare_rule(
    'client', 'name_missing', 'NOT sl.is_blank(first_name) AND NOT sl.is_blank(last_name)',
    'First or last name is missing or blank',
    p_position => 10
);
CALL sl.declare_rule(
    'client', 'birth_date_in_future',
    $$coalesce(birth_date <= (SELECT (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date), true)$$,
    'Birth date lies in the future',
    p_is_clock_dependent => true,
    p_position => 20
);
CALL sl.declare_rule(
    'client', 'birth_date_implausible', $$coalesce(birth_date >= date '1900-01-01', true)$$,
    'Birth date lies before 1900',
    p_position => 30
);
CALL sl.declare_rule(
    'client', 'email_implausible', $$coalesce(sl.is_blank(email) OR email LIKE '_%@_%', true)$$,
    'E-mail address has no @ between two parts',
    p_severity => 'warn',
    p_position => 40
);
CALL sl.declare_rule(
    'client', 'loyalty_unknown',
    $$coalesce(sl.is_blank(loyalty_status) OR loyalty_status IN ('Platinum', 'Gold', 'Silver', 'Basic'), true)$$,
    'Loyalty status is none of Platinum, Gold, Silver, Basic',
    p_severity => 'warn',
    p_position => 50
);
CALL sl.declare_rule(
    'client', 'region_unknown', $$coalesce(sl.is_blank(region) OR region IN ('North', 'South', 'East', 'West'), true)$$,
    'Region is none of North, South, East, West',
    p_severity => 'warn',
    p_position => 60
);
