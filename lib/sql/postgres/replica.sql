-- What a replica says of itself: whether it is a standby, the store's position as it has it, and how many milliseconds ago
-- the transaction was committed that it replayed last (NULL: none since it started, or it is a primary). Looks at a record as
-- well: a standby whose replay waits for one of its readers may hold the lock of a swap, and then answers all but reads.
SELECT pg_is_in_recovery() AS standby, p.pos, p.salt,
       CASE WHEN pg_is_in_recovery()
            THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint END AS replayed_ms
FROM ratingsctl.position AS p
LEFT JOIN LATERAL (SELECT user_id FROM public.ratings LIMIT 1) AS readable ON true
