-- $1 users (bigint[]; empty: everybody). Their ratings, as they lie in the table.
SELECT r.user_id, r.movie_id, r.rating, r."timestamp"
FROM public.ratings AS r
WHERE $1::bigint[] = '{}' OR r.user_id = ANY ($1::bigint[])
