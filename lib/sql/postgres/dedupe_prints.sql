-- $1, $2 (tid): the fingerprints of the records in that range of every child, so that doubles have equal ones; as one array,
-- because a row of the protocol for each record would cost three times as much. The score is left out: conflicts count as twins.
SELECT array_agg(hashint8extended(r.user_id, hashint8extended(r."timestamp", r.movie_id)))
FROM public.ratings AS r
WHERE r.ctid >= $1 AND r.ctid < $2
