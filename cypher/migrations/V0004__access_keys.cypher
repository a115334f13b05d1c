// Access keys that operators made by command: a digest each, never the key.
CREATE CONSTRAINT access_key_id IF NOT EXISTS FOR (n:AccessKey) REQUIRE n.id IS UNIQUE;
