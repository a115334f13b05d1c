// Erasures with their tombstones, what is suppressed, and the ways to whatever quotes an erased person's keys.
CREATE CONSTRAINT tombstone_id IF NOT EXISTS FOR (n:Tombstone) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT erasure_id IF NOT EXISTS FOR (n:Erasure) REQUIRE n.id IS UNIQUE;
CREATE INDEX erasure_pending IF NOT EXISTS FOR (n:Erasure) ON (n.pending);
CREATE CONSTRAINT suppressed_digest IF NOT EXISTS FOR (n:Suppressed) REQUIRE n.digest IS UNIQUE;
CREATE CONSTRAINT secret_name IF NOT EXISTS FOR (n:Secret) REQUIRE n.name IS UNIQUE;
CREATE INDEX key_change_value IF NOT EXISTS FOR (n:KeyChange) ON (n.value);
// Activity is found by the keys that it carried; by its tracker only where it hangs on a period of another one, so that
// an event with nothing but a tracker pays for no index.
CREATE INDEX activity_email IF NOT EXISTS FOR (n:Activity) ON (n.email);
CREATE INDEX activity_user_id IF NOT EXISTS FOR (n:Activity) ON (n.user_id);
CREATE INDEX activity_subscription IF NOT EXISTS FOR (n:Activity) ON (n.subscription);
CREATE INDEX activity_elsewhere IF NOT EXISTS FOR (n:Activity) ON (n.elsewhere);
MATCH (a:Activity)-[:ON]->(:Timeline)-[:OF|WAS_OF]->(t:Tracker) WHERE a.tracker_id <> t.value SET a.elsewhere = a.tracker_id;
