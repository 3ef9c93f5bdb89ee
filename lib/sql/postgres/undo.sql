-- $1 batch, $2 generation: puts back what the batch holds for users whom no batch excludes (any more), of that
-- generation or later; how many of whom.
WITH records AS (
  DELETE FROM ratingsctl.quarantine_record AS q
  WHERE q.batch = $1 AND q.generation >= $2
    -- NOT IN, which is hashed whatever the statistics say: an anti join planned while the list was empty is a
    -- nested loop that takes minutes.
    AND q.user_id NOT IN (SELECT e.user_id FROM ratingsctl.exclusion AS e)
  RETURNING q.user_id, q.movie_id, q.rating, q."timestamp"
), packs AS (
  DELETE FROM ratingsctl.quarantine_pack AS q
  WHERE q.batch = $1 AND q.generation >= $2
    AND q.user_id NOT IN (SELECT e.user_id FROM ratingsctl.exclusion AS e)
  RETURNING q.user_id, q.records, q.movie_ids, q.ratings, q.timestamps
), put AS (
  INSERT INTO public.ratings (user_id, movie_id, rating, "timestamp")
  SELECT user_id, movie_id, rating, "timestamp" FROM records
  UNION ALL
  SELECT p.user_id, u.movie_id, u.rating, u."timestamp"
  FROM packs AS p
  CROSS JOIN LATERAL unnest(p.movie_ids, p.ratings, p.timestamps) AS u (movie_id, rating, "timestamp")
)
SELECT user_id, sum(records)::bigint AS rows
FROM (SELECT user_id, 1 AS records FROM records UNION ALL SELECT user_id, records FROM packs) AS both_kinds
GROUP BY user_id
