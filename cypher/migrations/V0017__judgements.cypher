// What people judged: contacts, or a contact and a key, that are kept apart.
CREATE CONSTRAINT judgement_id IF NOT EXISTS FOR (n:Judgement) REQUIRE n.id IS UNIQUE;
CREATE INDEX judgement_at IF NOT EXISTS FOR (n:Judgement) ON (n.at);
// Contacts that came apart by keys, with what each part took: the journal of splits.
CREATE CONSTRAINT separation_id IF NOT EXISTS FOR (n:Separation) REQUIRE n.id IS UNIQUE;
CREATE INDEX separation_at IF NOT EXISTS FOR (n:Separation) ON (n.at);
// Pairs of contacts that are probably one person, and what was said to them.
CREATE CONSTRAINT suggestion_id IF NOT EXISTS FOR (n:Suggestion) REQUIRE n.id IS UNIQUE;
