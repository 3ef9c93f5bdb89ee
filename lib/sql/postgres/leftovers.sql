-- Tables made to be children of ratings that are not: a load was killed before it swapped them in. Name and bytes.
SELECT c.oid::regclass::text AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace('ratingsctl') AND c.relkind = 'r' AND c.relname ~ '^ratings_[0-9]+$'
  AND NOT EXISTS (SELECT 1 FROM pg_inherits AS i WHERE i.inhrelid = c.oid)
ORDER BY 1
