-- The stores' files that are landed, and their checksums.
SELECT
    stream,
    week,
    region,
    sha256
FROM landing.file
