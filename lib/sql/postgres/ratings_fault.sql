-- Why the table that is called public.ratings is not the one that we made; NULL: it is. Columns that were added do not count
-- (columns.sql): everything that reads or moves rows names its columns.
SELECT CASE
         WHEN t.oid IS NULL THEN 'missing'
         WHEN pg_get_partkeydef(t.oid) IS DISTINCT FROM 'HASH (user_id)' THEN 'it is not partitioned by HASH (user_id)'
         ELSE (SELECT string_agg(CASE WHEN a.attname IS NULL THEN format('%s is missing', ours.name)
                                      ELSE format('%s is %s, not %s', ours.name, format_type(a.atttypid, a.atttypmod), ours.type)
                                 END, ', ' ORDER BY ours.place)
               FROM (VALUES (1, 'user_id', 'bigint'), (2, 'movie_id', 'integer'), (3, 'rating', 'real'), (4, 'timestamp', 'bigint'))
                    AS ours (place, name, type)
               LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attname = ours.name AND a.attnum > 0 AND NOT a.attisdropped
               WHERE format_type(a.atttypid, a.atttypmod) IS DISTINCT FROM ours.type)
       END AS fault
FROM (SELECT to_regclass('public.ratings')::oid AS oid) AS t
