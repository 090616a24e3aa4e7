-- Sources that are read and send nothing: what each document was when it was read last, and how far was read.

CREATE TABLE landing.source_document (
    stream text NOT NULL REFERENCES landing.stream,
    key text NOT NULL,
    digest bytea,
    state_at timestamptz NOT NULL,
    PRIMARY KEY (stream, key)
) WITH (fillfactor = 80);

CREATE TABLE landing.bookmark (
    stream text PRIMARY KEY REFERENCES landing.stream,
    updated_at timestamptz,
    key text,
    compared_at timestamptz
);
