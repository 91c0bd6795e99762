-- Until when the books' source was heard in full, in microseconds since 1970: who takes over a link begins its gap there.
ALTER TABLE books ADD COLUMN heard bigint;
