-- $1, $2 (tid): of that range, the records whose fingerprint, of which only the bits $3 count, is one of $4 (bigint[]).
SELECT r.tableoid::bigint, r.ctid, r.user_id, r.movie_id, r.rating, r."timestamp"
FROM public.ratings AS r
WHERE r.ctid >= $1 AND r.ctid < $2
  AND (hashint8extended(r.user_id, hashint8extended(r."timestamp", r.movie_id)) & $3::bigint) = ANY ($4::bigint[])
