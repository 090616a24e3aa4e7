-- What a hand drops or replaces was never noticed: the ledger of files says what was applied, not what is there.

CREATE TABLE sl.schema_object (
    object_name text PRIMARY KEY,
    definition text NOT NULL
);
