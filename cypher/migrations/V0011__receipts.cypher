// Receipts of writes: what was committed although its answer was lost is recognised by them.
CREATE CONSTRAINT receipt_id IF NOT EXISTS FOR (n:Receipt) REQUIRE n.id IS UNIQUE;
CREATE INDEX receipt_at IF NOT EXISTS FOR (n:Receipt) ON (n.at);
