-- cdm.product_label
--
-- Purpose: what a product is called in reports, and since when and until when: by the version of the product that
--     counts, and by that of its category.
-- Columns: product_id; product_name; product_category: the name of category_id's category, else the text of the
--     product, else Unknown; effective_from, effective_to: the span, half-open; those of a product have no gaps and
--     take up all of time; label_no: a number of the two texts, 0 where both are Unknown.
-- Reads: dds.product, cdm.category_span.
--
-- A text by which marts group counts by its first 200 characters: a longer one could be in no index.
CREATE OR REPLACE VIEW cdm.product_label AS
SELECT
    l.product_id,
    l.product_name,
    l.product_category,
    l.effective_from,
    l.effective_to,
    CASE
        WHEN l.product_category = 'Unknown' AND l.product_name = 'Unknown' THEN 0
        ELSE dense_rank() OVER (ORDER BY l.product_category, l.product_name)
    END AS label_no
FROM (
    SELECT
        p.product_id,
        left(p.name, 200) AS product_name,
        CASE
            WHEN c.name IS NOT NULL THEN left(c.name, 200)
            WHEN sl.is_blank(p.category) THEN 'Unknown'
            ELSE left(p.category, 200)
        END AS product_category,
        greatest(p.effective_from, c.effective_from) AS effective_from,
        least(p.effective_to, c.effective_to) AS effective_to
    FROM (
        SELECT
            v.product_id,
            v.name,
            v.category,
            v.category_id,
            CASE WHEN row_number() OVER k = 1 THEN timestamptz '-infinity' ELSE v.valid_from END AS effective_from,
            lead(v.valid_from, 1, timestamptz 'infinity') OVER k AS effective_to
        FROM dds.product AS v
        WINDOW k AS (PARTITION BY v.product_id ORDER BY v.valid_from)
    ) AS p
    LEFT JOIN cdm.category_span AS c
        ON
            c.category_id = p.category_id
            AND c.effective_from < p.effective_to
            AND c.effective_to > p.effective_from
) AS l;

COMMENT ON VIEW cdm.product_label IS 'What a product is called in reports, and in which span of time';
COMMENT ON COLUMN cdm.product_label.product_id IS 'Key of the product, as in dds.product';
COMMENT ON COLUMN cdm.product_label.product_name IS 'Name';
COMMENT ON COLUMN cdm.product_label.product_category IS
'Category by the tree, else the text of the product, else Unknown';
COMMENT ON COLUMN cdm.product_label.label_no IS
'Number of category and name, the same for all products called so; 0: both are Unknown. It holds in one query alone';
COMMENT ON COLUMN cdm.product_label.effective_from IS 'Start of the span, inclusive; -infinity for the first version';
COMMENT ON COLUMN cdm.product_label.effective_to IS 'End of the span, exclusive; infinity for the last one';
