-- $1 users (bigint[]). As history.sql, for many users out of one snapshot.
SELECT q.id AS user_id, NULL::integer AS movie_id, NULL::real AS rating,
       GREATEST(p.floor, u.pos) AS number, p.pos, p.salt
FROM ratingsctl.position AS p
CROSS JOIN unnest($1::bigint[]) AS q (id)
LEFT JOIN ratingsctl.user_position AS u ON u.user_id = q.id
UNION ALL
SELECT r.user_id, r.movie_id, r.rating, r."timestamp", NULL, NULL
FROM public.ratings AS r
WHERE r.user_id = ANY ($1::bigint[])
