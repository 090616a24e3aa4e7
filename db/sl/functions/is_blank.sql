-- sl.is_blank(p_text text) RETURNS boolean
--
-- Purpose: whether a text shows nothing to a reader: for quality rules.
-- Parameters: p_text: any text.
-- Returns: true where it is NULL or empty, or holds nothing but white space, control characters and characters without
--     a glyph (zero-width spaces and joiners, marks of direction, soft hyphens, fillers, variation selectors, the byte
--     order mark).
-- Errors: none.
-- Reads: nothing. Writes: nothing.
--
-- The characters are Unicode's Default_Ignorable_Code_Point and White_Space. It has no SET clause, so that it is
-- inlined into the statement that asks the rules; its body is bound to pg_catalog when it is made.
CREATE OR REPLACE FUNCTION sl.is_blank(p_text text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(
    p_text !~ (
        '[^[:space:][:cntrl:]\u0080-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f'
        '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8'
        '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
    ),
    true
);

COMMENT ON FUNCTION sl.is_blank IS 'Whether a text shows nothing to a reader';
