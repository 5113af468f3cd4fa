-- One row, held by whoever changes tables: merges of two processes come one after the other.

-- :take
select writer_id from books.writer where writer_id = 0 for update;
