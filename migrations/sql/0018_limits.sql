-- A first name of 280 MB ended every load.
ALTER TABLE sl.entity
ADD COLUMN longest_value integer NOT NULL DEFAULT 65536 CHECK (longest_value BETWEEN 1 AND 1000000);
