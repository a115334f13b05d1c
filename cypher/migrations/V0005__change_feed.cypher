// The change feed: one node for each change. `fresh` is there until the change has its number, `seq`.
CREATE CONSTRAINT change_seq IF NOT EXISTS FOR (n:Change) REQUIRE n.seq IS UNIQUE;
CREATE INDEX change_fresh IF NOT EXISTS FOR (n:Change) ON (n.fresh);
CREATE INDEX change_contact IF NOT EXISTS FOR (n:Change) ON (n.contact);
CREATE INDEX change_other IF NOT EXISTS FOR (n:Change) ON (n.other);
CREATE CONSTRAINT feed_name IF NOT EXISTS FOR (n:Feed) REQUIRE n.name IS UNIQUE;
// Who gets it, what they did not take, and which process delivers.
CREATE CONSTRAINT webhook_name IF NOT EXISTS FOR (n:Webhook) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT dead_letter IF NOT EXISTS FOR (n:DeadLetter) REQUIRE (n.webhook, n.seq) IS UNIQUE;
CREATE CONSTRAINT lease_name IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE;
// Who was in a watched segment when it was last looked at.
CREATE CONSTRAINT watched_member IF NOT EXISTS FOR (n:Watched) REQUIRE (n.segment, n.contact) IS UNIQUE;
CREATE INDEX watched_contact IF NOT EXISTS FOR (n:Watched) ON (n.contact);
