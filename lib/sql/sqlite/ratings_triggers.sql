-- Row triggers (SQLite has no others): a change from the sqlite3 shell moves the position like one of ours.
-- DELETE and INSERT instead of an upsert, because the conflict rule of the outer statement (INSERT OR IGNORE …)
-- overrides the one inside a trigger, and a user would stay unmarked (sqlite.org/lang_createtrigger.html).
-- 100,000 points of history: enough for a value cached for an hour at 27 changes a second; 3 MB.

CREATE TRIGGER ratingsctl_insert AFTER INSERT ON ratings
WHEN (SELECT suspended FROM ratingsctl_position) = 0
BEGIN
  UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);
  INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;
  DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000;
  DELETE FROM ratingsctl_user_position WHERE user_id = NEW.user_id;
  INSERT INTO ratingsctl_user_position SELECT NEW.user_id, pos FROM ratingsctl_position;
END;

CREATE TRIGGER ratingsctl_delete AFTER DELETE ON ratings
WHEN (SELECT suspended FROM ratingsctl_position) = 0
BEGIN
  UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);
  INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;
  DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000;
  DELETE FROM ratingsctl_user_position WHERE user_id = OLD.user_id;
  INSERT INTO ratingsctl_user_position SELECT OLD.user_id, pos FROM ratingsctl_position;
END;

CREATE TRIGGER ratingsctl_update AFTER UPDATE ON ratings
WHEN (SELECT suspended FROM ratingsctl_position) = 0
BEGIN
  UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);
  INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;
  DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000;
  DELETE FROM ratingsctl_user_position WHERE user_id = OLD.user_id;
  INSERT INTO ratingsctl_user_position SELECT OLD.user_id, pos FROM ratingsctl_position;
  DELETE FROM ratingsctl_user_position WHERE user_id = NEW.user_id;
  INSERT INTO ratingsctl_user_position SELECT NEW.user_id, pos FROM ratingsctl_position;
END;

-- INSERT OR REPLACE and UPDATE OR REPLACE with a rowid that is taken remove a row without a DELETE trigger.
CREATE TRIGGER ratingsctl_overwrite BEFORE INSERT ON ratings
WHEN NEW.rowid <> -1 AND (SELECT suspended FROM ratingsctl_position) = 0
     AND EXISTS (SELECT 1 FROM ratings WHERE rowid = NEW.rowid)
BEGIN
  UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);
  INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;
  DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000;
  DELETE FROM ratingsctl_user_position WHERE user_id = (SELECT user_id FROM ratings WHERE rowid = NEW.rowid);
  INSERT INTO ratingsctl_user_position SELECT (SELECT user_id FROM ratings WHERE rowid = NEW.rowid), pos FROM ratingsctl_position;
END;

CREATE TRIGGER ratingsctl_move BEFORE UPDATE ON ratings
WHEN NEW.rowid <> OLD.rowid AND (SELECT suspended FROM ratingsctl_position) = 0
     AND EXISTS (SELECT 1 FROM ratings WHERE rowid = NEW.rowid)
BEGIN
  UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);
  INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;
  DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000;
  DELETE FROM ratingsctl_user_position WHERE user_id = (SELECT user_id FROM ratings WHERE rowid = NEW.rowid);
  INSERT INTO ratingsctl_user_position SELECT (SELECT user_id FROM ratings WHERE rowid = NEW.rowid), pos FROM ratingsctl_position;
END;
