-- sl._export_columns(p_mart sl.mart) RETURNS TABLE (column_name text, column_no smallint, kind text, scale integer,
--     expression text, hashed text, description text)
--
-- Purpose: how each column of a mart crosses over to ClickHouse exactly: sl._make_export makes the views of it.
-- Parameters: p_mart: registry row; its target is there.
-- Returns: a row for each column of the target: name and number; kind: number, time, text, or none where no type of
--     ClickHouse holds every value of it exactly; scale: digits after the point of a number that adds up exactly, NULL
--     of others; expression: what the export says, of m, the target; hashed: its text in the hash of a row, of e, the
--     export; description: the target's comment, and what the export changes.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
--
-- ClickHouse makes the same texts (clickhouse/marts.py): times as seconds since 1970 with six decimals, dates as days
-- since then, an unknown number or time as ''. Before a text comes its length in bytes of UTF-8.
CREATE OR REPLACE FUNCTION sl._export_columns(p_mart sl.mart)
RETURNS TABLE (
    column_name text,
    column_no smallint,
    kind text,
    scale integer,
    expression text,
    hashed text,
    description text
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        a.attname,
        a.attnum,
        x.kind,
        CASE
            WHEN a.attname IN ('version_no', 'is_current', 'run_id') THEN NULL
            WHEN x.type_name IN ('int2', 'int4', 'int8') THEN 0
            WHEN x.kind = 'number' AND x.type_name = 'numeric' THEN x.scale
        END,
        CASE
            WHEN x.type_name = 'bool' THEN format('m.%I::integer::smallint', a.attname)
            WHEN x.kind = 'number' AND t.typtype = 'd'
                THEN format('m.%I::%s', a.attname, format_type(x.type_id, x.type_modifier))
            WHEN x.kind = 'text' THEN format($sql$coalesce(m.%I::text, '')$sql$, a.attname)
            WHEN x.kind = 'time'
                THEN format(
                    'CASE m.%1$I WHEN ''infinity'' THEN %2$s ''2299-12-31'' WHEN ''-infinity'' THEN %2$s ''1900-01-01'' '
                    'ELSE m.%1$I%3$s END',
                    a.attname,
                    CASE x.type_name WHEN 'date' THEN 'date' ELSE 'timestamp' END,
                    CASE x.type_name WHEN 'timestamptz' THEN ' AT TIME ZONE ''UTC''' ELSE '' END
                )
            ELSE format('m.%I', a.attname)
        END,
        CASE
            WHEN x.kind = 'text' THEN format('e.%I', a.attname)
            WHEN x.type_name = 'date' THEN format($sql$coalesce((e.%I - date '1970-01-01')::text, '')$sql$, a.attname)
            WHEN x.kind = 'time' THEN format($sql$coalesce(extract(EPOCH FROM e.%I)::text, '')$sql$, a.attname)
            ELSE format($sql$coalesce(e.%I::text, '')$sql$, a.attname)
        END,
        coalesce(col_description(a.attrelid, a.attnum), a.attname) || CASE
            WHEN x.type_name = 'bool' THEN '. 1: true; 0: false'
            WHEN x.type_name = 'date' THEN '. Open ends are 2299-12-31'
            WHEN x.kind = 'time' THEN '. UTC without zone; open ends are 2299-12-31'
            WHEN x.kind = 'text' AND NOT a.attnotnull THEN '. Empty: NULL'
            ELSE ''
        END
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON t.oid = a.atttypid
    INNER JOIN pg_type AS b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
    CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS type_modifier) AS d
    CROSS JOIN LATERAL (
        SELECT
            b.oid AS type_id,
            b.typname AS type_name,
            d.type_modifier,
            ((d.type_modifier - 4) >> 16) & 65535 AS precision,
            -- Eleven bits with a sign.
            ((((d.type_modifier - 4) & 2047) # 1024) - 1024) AS scale
    ) AS y
    CROSS JOIN LATERAL (
        SELECT
            y.*,
            CASE
                WHEN y.type_name IN ('bool', 'int2', 'int4', 'int8') THEN 'number'
                WHEN y.type_name IN ('date', 'timestamp', 'timestamptz') THEN 'time'
                WHEN y.type_name = 'numeric' AND y.type_modifier > 0 AND y.precision <= 38 AND y.scale BETWEEN 0 AND y.precision
                    THEN 'number'
                WHEN y.type_name IN ('numeric', 'float4', 'float8', 'money') THEN 'none'
                ELSE 'text'
            END AS kind
    ) AS x
    WHERE
        a.attrelid = to_regclass(format('%I.%I', p_mart.target_schema, p_mart.target_table))
        AND a.attnum > 0
        AND NOT a.attisdropped
    ORDER BY a.attnum;
$body$;

COMMENT ON FUNCTION sl._export_columns IS 'How each column of a mart crosses over to ClickHouse exactly';
