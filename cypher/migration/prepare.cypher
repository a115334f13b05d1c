// name: migration.prepare
// purpose: Make the record of applied migrations unique by number.
// parameters: -
// columns: -
// access: write
CREATE CONSTRAINT migration_version IF NOT EXISTS FOR (n:Migration) REQUIRE n.version IS UNIQUE
