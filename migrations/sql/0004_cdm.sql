-- The mart: each sale with the client and product as they were when it was sold. Its versions are in knowledge time.

CREATE TABLE cdm.sales_mart (
    sale_id bigint NOT NULL,
    version_no integer NOT NULL,
    order_id bigint NOT NULL,
    sold_at timestamptz NOT NULL,
    client_id bigint NOT NULL,
    client_sk bigint,
    client text,
    client_age integer,
    product_id bigint NOT NULL,
    product_sk bigint,
    product text,
    category text,
    size text,
    price numeric(12, 2),
    quantity integer NOT NULL,
    total_amount numeric(22, 2),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    is_current boolean NOT NULL DEFAULT true,
    run_id bigint NOT NULL,
    PRIMARY KEY (sale_id, version_no)
);
-- ClickHouse pulls by run.
CREATE INDEX sales_mart_run_idx ON cdm.sales_mart (run_id);

COMMENT ON TABLE cdm.sales_mart IS 'Sales with client and product as of the sale; versions in knowledge time';
COMMENT ON COLUMN cdm.sales_mart.version_no IS 'Number of the version of this sale: 1, 2, ...';
COMMENT ON COLUMN cdm.sales_mart.client_sk IS 'Version of the client; NULL while the client is unknown';
COMMENT ON COLUMN cdm.sales_mart.client_age IS 'Full years on the shop''s local day of the sale (Europe/Moscow)';
COMMENT ON COLUMN cdm.sales_mart.product_sk IS 'Version of the product; NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.total_amount IS 'Roubles: price times quantity; NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.valid_from IS 'The clock of the run that wrote the version';
COMMENT ON COLUMN cdm.sales_mart.run_id IS 'Run that last wrote the version: opened or closed it';
