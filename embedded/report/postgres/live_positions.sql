-- How far each partition is: its next offset in the source that is to be landed and to be applied, and when it was
-- applied last.
SELECT
    p.stream,
    p.partition,
    p.landed_position + 1 - s.base AS landed,
    p.applied_position + 1 - s.base AS applied,
    p.applied_position,
    p.applied_at
FROM landing.position AS p
INNER JOIN landing.stream AS s ON s.stream = p.stream
ORDER BY p.stream, p.partition
