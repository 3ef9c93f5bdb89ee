-- The logical subscriptions of this database that write into ratings (parent or children), or that do not know their
-- tables yet: what a subscription applies fires no statement trigger. One row, NULL: none.
SELECT string_agg(s.subname::text, ', ' ORDER BY s.subname) AS names
FROM pg_subscription AS s
WHERE s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND (NOT EXISTS (SELECT 1 FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid)
       OR EXISTS (SELECT 1 FROM pg_subscription_rel AS r
                  WHERE r.srsubid = s.oid
                    AND (r.srrelid = 'public.ratings'::regclass
                         OR r.srrelid IN (SELECT i.inhrelid FROM pg_inherits AS i
                                          WHERE i.inhparent = 'public.ratings'::regclass))))
