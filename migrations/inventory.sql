-- The objects of the warehouse's schemas and how PostgreSQL defines each. The setting tshop.schemas names the schemas,
-- tshop.roles the roles whose rights are told beside those of PUBLIC, apart by commas.
WITH layer AS (
    SELECT
        n.oid,
        n.nspname,
        n.nspacl
    FROM pg_namespace AS n
    WHERE n.nspname = any(string_to_array(current_setting('tshop.schemas'), ','))
),
relation AS (
    SELECT
        c.oid,
        c.relkind,
        c.relacl,
        c.relrowsecurity,
        format('%s %s', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid::regclass) AS title
    FROM pg_class AS c
    INNER JOIN layer AS l ON l.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v')
),
routine AS (
    SELECT
        p.oid,
        p.proacl,
        format(
            '%s %s', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure
        ) AS title
    FROM pg_proc AS p
    INNER JOIN layer AS l ON l.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p')
),
rights AS (
    SELECT
        'schema ' || l.nspname AS title,
        x.grantee,
        x.privilege_type
    FROM layer AS l
    CROSS JOIN LATERAL aclexplode(coalesce(l.nspacl, acldefault('n', 10))) AS x
    UNION ALL
    SELECT
        r.title,
        x.grantee,
        x.privilege_type
    FROM relation AS r
    CROSS JOIN LATERAL aclexplode(r.relacl) AS x
    UNION ALL
    SELECT
        r.title,
        x.grantee,
        format('%s (%s)', x.privilege_type, a.attname)
    FROM relation AS r
    INNER JOIN pg_attribute AS a ON a.attrelid = r.oid AND NOT a.attisdropped
    CROSS JOIN LATERAL aclexplode(a.attacl) AS x
    UNION ALL
    SELECT
        r.title,
        x.grantee,
        x.privilege_type
    FROM routine AS r
    CROSS JOIN LATERAL aclexplode(coalesce(r.proacl, acldefault('f', 10))) AS x
),
title AS (
    SELECT 'schema ' || l.nspname AS title FROM layer AS l
    UNION ALL
    SELECT r.title FROM relation AS r
    UNION ALL
    SELECT r.title FROM routine AS r
)
SELECT
    'schema ' || l.nspname AS object_name,
    'schema' AS definition
FROM layer AS l
UNION ALL
SELECT
    r.title,
    CASE r.relkind
        WHEN 'v' THEN pg_get_viewdef(r.oid)
        ELSE 'table' || CASE WHEN r.relrowsecurity THEN ', row security' ELSE '' END
    END
FROM relation AS r
UNION ALL
SELECT
    r.title,
    pg_get_functiondef(r.oid)
FROM routine AS r
UNION ALL
SELECT
    format('column %s.%I', r.oid::regclass, a.attname),
    concat_ws(
        ' ',
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE WHEN a.attidentity <> '' THEN 'GENERATED AS IDENTITY' END,
        CASE WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END
    )
FROM relation AS r
INNER JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind <> 'v'
UNION ALL
SELECT
    format('constraint %I on %s', k.conname, r.oid::regclass),
    pg_get_constraintdef(k.oid)
FROM relation AS r
INNER JOIN pg_constraint AS k ON k.conrelid = r.oid
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
SELECT
    format('index %s', i.indexrelid::regclass),
    pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
FROM relation AS r
INNER JOIN pg_index AS i ON i.indrelid = r.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)
UNION ALL
SELECT
    format('trigger %I on %s', t.tgname, r.oid::regclass),
    format(
        '%s, %s',
        pg_get_triggerdef(t.oid),
        CASE t.tgenabled WHEN 'O' THEN 'enabled' WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' ELSE 'disabled' END
    )
FROM relation AS r
INNER JOIN pg_trigger AS t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'rights on the ' || t.title,
    coalesce(
        string_agg(
            format('%s: %s', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, g.privilege_type),
            ', '
            ORDER BY g.grantee::regrole::text, g.privilege_type
        ),
        'none'
    )
FROM title AS t
LEFT JOIN rights AS g
    ON
    g.title = t.title
    AND (
        g.grantee = 0
        OR g.grantee IN (
            SELECT o.oid FROM pg_roles AS o WHERE o.rolname = any(string_to_array(current_setting('tshop.roles'), ','))
        )
    )
GROUP BY t.title
