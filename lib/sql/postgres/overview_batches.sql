-- The last ten batches, newest first, without who and why. held: a look into an index, where batches.sql counts.
SELECT b.name, b.kind, to_char(b.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), b.users, b.rows,
       b.undone_at IS NOT NULL, b.generation < p.generation,
       EXISTS (SELECT FROM ratingsctl.quarantine_record AS q WHERE q.batch = b.seq) OR
       EXISTS (SELECT FROM ratingsctl.quarantine_pack AS q WHERE q.batch = b.seq),
       b.pruned_at IS NOT NULL
FROM ratingsctl.batch AS b
CROSS JOIN ratingsctl.position AS p
ORDER BY b.seq DESC LIMIT 10
