-- The tables (parent and children of ratings) on which one of our four triggers is missing or not ENABLE ALWAYS.
SELECT t.relid::regclass::text AS name
FROM (SELECT 'public.ratings'::regclass::oid AS relid
      UNION ALL
      SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = 'public.ratings'::regclass) AS t
WHERE (SELECT count(*) FROM pg_trigger AS g
       WHERE g.tgrelid = t.relid AND g.tgenabled = 'A' AND g.tgfoid = 'ratingsctl.mark_changed()'::regprocedure
         -- Bits 2 to 5 of tgtype: what it fires for (pg_trigger.h).
         AND (g.tgname, g.tgtype & 60) IN (('ratingsctl_insert', 4), ('ratingsctl_delete', 8), ('ratingsctl_update', 16),
                                          ('ratingsctl_truncate', 32))) < 4
ORDER BY 1
