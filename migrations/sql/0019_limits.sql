-- A first name of 280 MB ended every load.
ALTER TABLE sl.entity
ADD COLUMN longest_value integer NOT NULL DEFAULT 65536 CHECK (longest_value BETWEEN 1 AND 1000000);
COMMENT ON COLUMN sl.entity.longest_value IS
'Bytes of the longest value that a column of the source may hold; a row with a longer one is rejected';
