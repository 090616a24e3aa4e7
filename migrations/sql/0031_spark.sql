-- Marts that Spark computes from dds (sources/spark/marts.py): what they say now, without versions. Columns are those
-- of the mart of the same name in cdm.
--
-- Several connections write a result into its staging table, and one transaction takes it from there into the mart: who
-- reads sees the result before or this one. Nobody else reads the staging tables. They are empty but for that moment,
-- and what a crash takes from them is computed again.
CREATE SCHEMA spark;
COMMENT ON SCHEMA spark IS 'Marts that Spark computes, and what it reads of dds for that';

CREATE TABLE spark.user_sales (
    order_month date,
    loyalty_status text,
    orders_cnt bigint NOT NULL,
    paid_orders bigint NOT NULL,
    completed_orders bigint NOT NULL,
    pending_orders bigint NOT NULL,
    aborted_orders bigint NOT NULL,
    unique_users bigint NOT NULL,
    total_order_amount numeric(24, 2) NOT NULL,
    avg_order_amount numeric(24, 2) NOT NULL,
    total_revenue numeric(24, 2) NOT NULL,
    avg_delivery_period numeric(24, 2),
    PRIMARY KEY (order_month, loyalty_status)
);

CREATE TABLE spark.product_sales (
    order_month date,
    product_category text,
    product_name text,
    order_cnt bigint NOT NULL,
    ordered_quantity bigint NOT NULL,
    aborted_quantity bigint NOT NULL,
    paid_quantity bigint NOT NULL,
    pending_quantity bigint NOT NULL,
    completed_quantity bigint NOT NULL,
    total_amount numeric(24, 2) NOT NULL,
    total_revenue numeric(24, 2) NOT NULL,
    PRIMARY KEY (order_month, product_category, product_name)
);

CREATE TABLE spark.region_sales (
    week_start date,
    region text,
    product_id bigint,
    sales_cnt bigint NOT NULL,
    quantity bigint NOT NULL,
    total_amount numeric(24, 2) NOT NULL,
    average_sale_amount numeric(24, 2) NOT NULL,
    region_share numeric(24, 6),
    rank_in_region bigint NOT NULL,
    PRIMARY KEY (week_start, region, product_id)
);

CREATE UNLOGGED TABLE spark.user_sales_staging (LIKE spark.user_sales INCLUDING INDEXES);
CREATE UNLOGGED TABLE spark.product_sales_staging (LIKE spark.product_sales INCLUDING INDEXES);
CREATE UNLOGGED TABLE spark.region_sales_staging (LIKE spark.region_sales INCLUDING INDEXES);

CREATE TABLE spark.computation (
    mart_name text PRIMARY KEY,
    read_at timestamptz NOT NULL,
    was_built boolean NOT NULL,
    rows_written bigint NOT NULL
);
