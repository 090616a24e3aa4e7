-- cdm.category_span
--
-- Purpose: since when and until when each version of a category is the one that counts: before its first version the
--     first one, in a gap after a deletion the last one before it (docs/history.md).
-- Columns: category_id, name, parent_category_id: as in dds.category; is_current; effective_from, effective_to: the
--     span, half-open; those of a category have no gaps and take up all of time.
-- Reads: dds.category.
CREATE OR REPLACE VIEW cdm.category_span AS
SELECT
    c.category_id,
    c.name,
    c.parent_category_id,
    c.is_current,
    CASE WHEN row_number() OVER k = 1 THEN timestamptz '-infinity' ELSE c.valid_from END AS effective_from,
    lead(c.valid_from, 1, timestamptz 'infinity') OVER k AS effective_to
FROM dds.category AS c
WINDOW k AS (PARTITION BY c.category_id ORDER BY c.valid_from);

COMMENT ON VIEW cdm.category_span IS
'Versions of categories, each with the span of time in which it is the one that counts';
COMMENT ON COLUMN cdm.category_span.category_id IS 'Key of the category, as in dds.category';
COMMENT ON COLUMN cdm.category_span.name IS 'Name';
COMMENT ON COLUMN cdm.category_span.parent_category_id IS 'Category that this one is a part of. NULL: it is a top one';
COMMENT ON COLUMN cdm.category_span.is_current IS 'True where the version is the latest known state of the key';
COMMENT ON COLUMN cdm.category_span.effective_from IS 'Start of the span, inclusive; -infinity for the first version';
COMMENT ON COLUMN cdm.category_span.effective_to IS
'End of the span, exclusive: where the next version begins, else infinity';
