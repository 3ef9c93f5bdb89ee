-- $1 users (bigint[]): all their records and where they lie.
SELECT r.tableoid::bigint, r.ctid, r.user_id, r.movie_id, r.rating, r."timestamp"
FROM public.ratings AS r
WHERE r.user_id = ANY ($1::bigint[])
