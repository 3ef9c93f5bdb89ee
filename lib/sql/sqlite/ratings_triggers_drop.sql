DROP TRIGGER IF EXISTS ratingsctl_insert;
DROP TRIGGER IF EXISTS ratingsctl_delete;
DROP TRIGGER IF EXISTS ratingsctl_update;
DROP TRIGGER IF EXISTS ratingsctl_overwrite;
DROP TRIGGER IF EXISTS ratingsctl_move;
