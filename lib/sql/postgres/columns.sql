-- The columns of ratings that are not ours: nothing that moves rows knows them. One row, NULL: none.
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS names
FROM pg_attribute AS a
WHERE a.attrelid = 'public.ratings'::regclass AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attname NOT IN ('user_id', 'movie_id', 'rating', 'timestamp')
