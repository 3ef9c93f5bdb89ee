-- The tables (parent and children of ratings) on which one of our four triggers is missing or not ENABLE ALWAYS.
SELECT t.relid::regclass::text AS name
FROM (SELECT 'public.ratings'::regclass::oid AS relid
      UNION ALL
      SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = 'public.ratings'::regclass) AS t
WHERE (SELECT count(*) FROM pg_trigger AS g
       WHERE g.tgrelid = t.relid AND g.tgenabled = 'A' AND g.tgfoid = 'ratingsctl.mark_changed()'::regprocedure
         AND g.tgname IN ('ratingsctl_insert', 'ratingsctl_update', 'ratingsctl_delete', 'ratingsctl_truncate')) < 4
ORDER BY 1
