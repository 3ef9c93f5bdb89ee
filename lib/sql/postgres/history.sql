-- $1 user. One statement, so that rows and position come from one snapshot. The row without a movie is the tag:
-- own position, store's position, salt; the others are ratings, in no order.
SELECT NULL::integer AS movie_id, NULL::real AS rating,
       GREATEST(p.floor, (SELECT u.pos FROM ratingsctl.user_position AS u WHERE u.user_id = $1)) AS number,
       p.pos, p.salt
FROM ratingsctl.position AS p
UNION ALL
SELECT r.movie_id, r.rating, r."timestamp", NULL, NULL
FROM public.ratings AS r
WHERE r.user_id = $1
