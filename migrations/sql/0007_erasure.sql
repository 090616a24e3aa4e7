-- A person who asks to be forgotten: names and birth date go, keys, intervals and sums stay.

CREATE TABLE sl.erasure (
    entity_name text NOT NULL REFERENCES sl.entity,
    entity_key text NOT NULL,
    run_id bigint NOT NULL REFERENCES sl.run,
    mart_run_id bigint NOT NULL REFERENCES sl.run,
    erased_at timestamptz NOT NULL,
    erased_by text NOT NULL DEFAULT session_user,
    raw_rows bigint NOT NULL,
    dds_versions bigint NOT NULL,
    mart_versions bigint NOT NULL,
    rejected_rows bigint NOT NULL,
    PRIMARY KEY (entity_name, entity_key, run_id)
);
COMMENT ON TABLE sl.erasure IS
'Receipts: of whom personal data was erased, where and when, and nothing of what it was. Their keys stay forgotten';
COMMENT ON COLUMN sl.erasure.mart_run_id IS 'The batch that takes the erasure to ClickHouse: done there once it is published';

-- What is forgotten is NULL.
ALTER TABLE dds.client
ALTER COLUMN first_name DROP NOT NULL,
ALTER COLUMN last_name DROP NOT NULL;

ALTER TABLE sl.entity ADD COLUMN personal_columns text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN sl.entity.personal_columns IS 'Columns of the source that are emptied for a forgotten key';
UPDATE sl.entity SET personal_columns = '{first_name,last_name,birth_date}' WHERE entity_name = 'client';
