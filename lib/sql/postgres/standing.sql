-- $1 user, $2 position, $3 salt of a cached value: is that point part of the history, and where is the user now?
SELECT EXISTS (SELECT 1 FROM ratingsctl.salt_history AS h WHERE h.pos = $2 AND h.salt = $3) AS known,
       GREATEST(p.floor, (SELECT u.pos FROM ratingsctl.user_position AS u WHERE u.user_id = $1)) AS own,
       p.pos, p.salt, pg_is_in_recovery() AS recovery
FROM ratingsctl.position AS p
