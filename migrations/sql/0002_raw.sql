-- raw mirrors the sources: strict on identity (key, updated_at), lenient on values, which are judged on the way to dds.
-- changed_xid is the writing transaction's id: from it a load finds what committed since its last snapshot.

CREATE TABLE raw.client (
    client_id bigint PRIMARY KEY,
    first_name text,
    last_name text,
    birth_date date,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX client_changed_xid_idx ON raw.client (changed_xid);

CREATE TABLE raw.product (
    product_id bigint PRIMARY KEY,
    name text,
    category text,
    size text,
    price numeric(12, 2),
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX product_changed_xid_idx ON raw.product (changed_xid);

CREATE TABLE raw.sale (
    sale_id bigint PRIMARY KEY,
    order_id bigint,
    sold_at timestamptz,
    client_id bigint,
    product_id bigint,
    quantity integer,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX sale_changed_xid_idx ON raw.sale (changed_xid);

COMMENT ON TABLE raw.client IS 'Clients as the source holds them now';
COMMENT ON TABLE raw.product IS 'Products (one row a size) as the source holds them now';
COMMENT ON TABLE raw.sale IS 'Order lines as the source holds them now';
COMMENT ON COLUMN raw.client.changed_xid IS 'Writing transaction, set by default and trigger; a writer need not know of it';
COMMENT ON COLUMN raw.product.changed_xid IS 'Writing transaction, set by default and trigger; a writer need not know of it';
COMMENT ON COLUMN raw.sale.changed_xid IS 'Writing transaction, set by default and trigger; a writer need not know of it';
COMMENT ON COLUMN raw.product.price IS 'Roubles';
COMMENT ON COLUMN raw.sale.quantity IS 'Pieces';
