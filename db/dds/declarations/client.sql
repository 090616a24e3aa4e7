-- Clients: who bought. A mart shows the client as of the sale; a person may ask to be forgotten.
CALL sl.declare_entity(
    'client',
    p_source => 'raw.client',
    p_key => '{client_id}',
    p_tracked => '{first_name,last_name,birth_date}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{first_name,last_name}',
    p_personal => '{first_name,last_name,birth_date}',
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
