// Contacts, their keys, their activity, and the redirects and journal of unions.
CREATE CONSTRAINT contact_id IF NOT EXISTS FOR (n:Contact) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT redirect_id IF NOT EXISTS FOR (n:Redirect) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT email_value IF NOT EXISTS FOR (n:Email) REQUIRE n.value IS UNIQUE;
CREATE CONSTRAINT user_id_value IF NOT EXISTS FOR (n:UserId) REQUIRE n.value IS UNIQUE;
CREATE CONSTRAINT tracker_value IF NOT EXISTS FOR (n:Tracker) REQUIRE n.value IS UNIQUE;
CREATE CONSTRAINT subscription_value IF NOT EXISTS FOR (n:Subscription) REQUIRE n.value IS UNIQUE;
CREATE CONSTRAINT timeline_id IF NOT EXISTS FOR (n:Timeline) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT activity_message_id IF NOT EXISTS FOR (n:Activity) REQUIRE n.message_id IS UNIQUE;
CREATE CONSTRAINT merge_id IF NOT EXISTS FOR (n:Merge) REQUIRE n.id IS UNIQUE;
CREATE INDEX merge_at IF NOT EXISTS FOR (n:Merge) ON (n.at);
CREATE CONSTRAINT schema_name IF NOT EXISTS FOR (n:Schema) REQUIRE n.name IS UNIQUE;
// A lock is taken by removing a property that is never there; the name must exist as a token or nothing is locked.
MERGE (n:Schema {name: 'locks'}) SET n._lock = true;
