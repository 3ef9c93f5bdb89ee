-- $1 users (bigint[]): their rows and all they have in quarantine are erased; how many of whom.
WITH gone AS (
  DELETE FROM public.ratings WHERE user_id = ANY ($1::bigint[]) RETURNING user_id
), erased AS (
  DELETE FROM ratingsctl.quarantine WHERE user_id = ANY ($1::bigint[]) RETURNING user_id
)
SELECT user_id, count(*) AS rows
FROM (SELECT user_id FROM gone UNION ALL SELECT user_id FROM erased) AS both_places
GROUP BY user_id
