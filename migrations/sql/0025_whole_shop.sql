-- The whole shop: categories, orders, payments, deliveries and returns, and what the shop's tables gained. A source
-- that delivers none of it leaves it empty.

-- The lines of an order. Orders come in the order of their ids, so that a day's inserts lie together. First of all: it
-- takes minutes in a large warehouse, and what follows keeps writers of raw waiting.
CREATE INDEX sale_order_idx ON dds.sale (order_id);

ALTER TABLE raw.client
    ADD COLUMN email text,
    ADD COLUMN phone text,
    ADD COLUMN loyalty_status text,
    ADD COLUMN region text,
    ADD COLUMN registered_at timestamptz;
ALTER TABLE raw.product
    ADD COLUMN description text,
    ADD COLUMN category_id bigint,
    ADD COLUMN stock_quantity integer,
    ADD COLUMN created_at timestamptz;
ALTER TABLE raw.sale ADD COLUMN amount numeric(14, 2);

CREATE TABLE raw.category (
    category_id bigint PRIMARY KEY,
    name text,
    parent_category_id bigint,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX category_changed_xid_idx ON raw.category (changed_xid);

CREATE TABLE raw.sales_order (
    order_id bigint PRIMARY KEY,
    client_id bigint,
    ordered_at timestamptz,
    status text,
    delivered_at timestamptz,
    total_amount numeric(14, 2),
    channel text,
    region text,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX sales_order_changed_xid_idx ON raw.sales_order (changed_xid);

CREATE TABLE raw.payment (
    payment_id bigint PRIMARY KEY,
    order_id bigint,
    paid_at timestamptz,
    amount numeric(14, 2),
    method text,
    status text,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX payment_changed_xid_idx ON raw.payment (changed_xid);

CREATE TABLE raw.delivery (
    delivery_id bigint PRIMARY KEY,
    order_id bigint,
    shipped_at timestamptz,
    delivered_at timestamptz,
    carrier text,
    status text,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX delivery_changed_xid_idx ON raw.delivery (changed_xid);

CREATE TABLE raw.sale_return (
    return_id bigint PRIMARY KEY,
    sale_id bigint,
    returned_at timestamptz,
    quantity integer,
    amount numeric(14, 2),
    reason text,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false,
    changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX sale_return_changed_xid_idx ON raw.sale_return (changed_xid);
