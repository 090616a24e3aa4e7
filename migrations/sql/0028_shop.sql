-- Mirrors of the web shop's transactions, deliveries and returns, and of two tables that tell more of them: columns as
-- they are there. The subscription writes
-- them (python -m sources.replication), and triggers carry each change into raw.
--
-- They are tables of their own, not raw itself: raw keeps what was deleted, which would stop a subscription when a
-- deleted key comes back.
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'Mirrors of tables of the web shop''s own database, written by logical replication';

CREATE TABLE shop.transactions (
    id bigint PRIMARY KEY,
    order_id bigint,
    paid_at timestamptz,
    amount numeric(14, 2),
    method text,
    status text,
    updated_at timestamptz NOT NULL
);

CREATE TABLE shop.deliveries (
    id bigint PRIMARY KEY,
    order_id bigint,
    shipped_at timestamptz,
    delivered_at timestamptz,
    carrier text,
    status text,
    updated_at timestamptz NOT NULL
);

CREATE TABLE shop.returns (
    id bigint PRIMARY KEY,
    order_detail_id bigint,
    returned_at timestamptz,
    quantity integer,
    amount numeric(14, 2),
    reason text,
    updated_at timestamptz NOT NULL
);

CREATE TABLE shop.deleted_row (
    aggregatetype text,
    row_id bigint,
    deleted_at timestamptz NOT NULL,
    PRIMARY KEY (aggregatetype, row_id)
);

CREATE TABLE shop.relay_state (
    is_only boolean PRIMARY KEY,
    beats bigint NOT NULL,
    seen_at timestamptz,
    gap_from timestamptz,
    gap_until timestamptz
);
