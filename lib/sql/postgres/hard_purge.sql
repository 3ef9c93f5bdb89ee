-- $1 users (bigint[]): their rows and all they have in quarantine are erased; how many of whom.
WITH gone AS (
  DELETE FROM public.ratings WHERE user_id = ANY ($1::bigint[]) RETURNING user_id
), records AS (
  DELETE FROM ratingsctl.quarantine_record WHERE user_id = ANY ($1::bigint[]) RETURNING user_id
), packs AS (
  DELETE FROM ratingsctl.quarantine_pack WHERE user_id = ANY ($1::bigint[]) RETURNING user_id, records
)
SELECT user_id, sum(records)::bigint AS rows
FROM (SELECT user_id, 1 AS records FROM gone
      UNION ALL SELECT user_id, 1 FROM records
      UNION ALL SELECT user_id, records FROM packs) AS all_places
GROUP BY user_id
