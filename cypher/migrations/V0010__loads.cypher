// How far a bulk load of a file is; written in the transaction of every batch.
CREATE CONSTRAINT load_id IF NOT EXISTS FOR (n:Load) REQUIRE n.id IS UNIQUE;
