-- dds holds every version of every entity, valid in event time over [valid_from, valid_to).
-- No index holds is_current or valid_to. What no constraint guards (overlaps, one current version a key) is held by the
-- engine and checked by sl.audit(), which finds by run_id what a run wrote.

CREATE TABLE dds.client (
    client_sk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id bigint NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    birth_date date,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    is_current boolean NOT NULL DEFAULT true,
    run_id bigint NOT NULL,
    last_observed_at timestamptz,
    CONSTRAINT client_key_valid_from_key UNIQUE (client_id, valid_from)
) WITH (fillfactor = 90);
CREATE INDEX client_run_idx ON dds.client (run_id);

CREATE TABLE dds.product (
    product_sk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    name text NOT NULL,
    category text,
    size text,
    price numeric(12, 2) NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    is_current boolean NOT NULL DEFAULT true,
    run_id bigint NOT NULL,
    last_observed_at timestamptz,
    CONSTRAINT product_key_valid_from_key UNIQUE (product_id, valid_from)
) WITH (fillfactor = 90);
CREATE INDEX product_run_idx ON dds.product (run_id);

CREATE TABLE dds.sale (
    sale_sk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sale_id bigint NOT NULL,
    order_id bigint NOT NULL,
    sold_at timestamptz NOT NULL,
    client_id bigint NOT NULL,
    product_id bigint NOT NULL,
    quantity integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    is_current boolean NOT NULL DEFAULT true,
    run_id bigint NOT NULL,
    last_observed_at timestamptz,
    CONSTRAINT sale_key_valid_from_key UNIQUE (sale_id, valid_from)
);
-- The mart too asks for the sales a run wrote, and for those of a client or product whose history changed.
CREATE INDEX sale_run_idx ON dds.sale (run_id);
CREATE INDEX sale_client_sold_at_idx ON dds.sale (client_id, sold_at);
CREATE INDEX sale_product_sold_at_idx ON dds.sale (product_id, sold_at);

COMMENT ON TABLE dds.client IS 'Versions of clients (SCD2, event time)';
COMMENT ON TABLE dds.product IS 'Versions of products (SCD2, event time)';
COMMENT ON TABLE dds.sale IS 'Versions of order lines (SCD2, event time)';
COMMENT ON COLUMN dds.client.run_id IS 'Run that last wrote the version (a mere re-observation does not)';
COMMENT ON COLUMN dds.product.run_id IS 'Run that last wrote the version (a mere re-observation does not)';
COMMENT ON COLUMN dds.sale.run_id IS 'Run that last wrote the version (a mere re-observation does not)';
COMMENT ON COLUMN dds.client.last_observed_at IS 'When the same state was last observed again; NULL where only at valid_from';
COMMENT ON COLUMN dds.product.last_observed_at IS 'When the same state was last observed again; NULL where only at valid_from';
COMMENT ON COLUMN dds.sale.last_observed_at IS 'When the same state was last observed again; NULL where only at valid_from';
