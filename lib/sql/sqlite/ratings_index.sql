CREATE INDEX ratings_user_id ON ratings (user_id);
