BEGIN;
SELECT plan(2);

CREATE TABLE raw.item (
    item_id uuid, lot numeric, name text, phone text, stock integer, updated_on timestamp, gone_at timestamptz,
    PRIMARY KEY (lot, item_id)
);
CALL sl.declare_entity(
    'item', 'raw.item', '{item_id,lot}', '{name}', p_in_place => '{stock}', p_event_time => 'updated_on',
    p_deleted => 'gone_at', p_personal => '{phone}'
);
CREATE VIEW raw.shelf AS SELECT 1 AS shelf_id, 'north' AS region, 'a'::text AS name;
CALL sl.declare_entity(
    'shelf', 'raw.shelf', '{shelf_id}', '{name,region}', p_changes => 'scan', p_scope => 'region'
);
SELECT is_empty(
    'SELECT * FROM sl.status_drift', 'of the shop, of a stamped table and of a view that is compared whole'
);
SELECT set_eq(
    $$SELECT t.tgname FROM pg_trigger AS t WHERE t.tgrelid = 'raw.item'::regclass AND NOT t.tgisinternal$$,
    $$SELECT m.found[1] FROM regexp_matches(pg_get_viewdef('sl.status_drift'), '''(sl_[a-z_]+)''', 'g') AS m (found)$$,
    'it asks for the triggers that a declaration makes'
);

SELECT * FROM finish();
ROLLBACK;
