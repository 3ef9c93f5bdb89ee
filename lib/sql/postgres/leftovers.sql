-- Tables made to be children of ratings that never were: a load was killed before it swapped them in. Name and bytes.
-- A child that somebody detached is theirs: it has lost the constraint `fits` when it was swapped in.
SELECT c.oid::regclass::text AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace('ratingsctl') AND c.relkind = 'r' AND c.relname ~ '^ratings_[0-9]+$'
  AND NOT EXISTS (SELECT 1 FROM pg_inherits AS i WHERE i.inhrelid = c.oid)
  AND EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.conname = 'fits')
ORDER BY 1
