// Segments and workflows by name, and the words that operators block.
CREATE CONSTRAINT segment_name IF NOT EXISTS FOR (n:Segment) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT workflow_name IF NOT EXISTS FOR (n:Workflow) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT enrolment_id IF NOT EXISTS FOR (n:Enrolment) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT block_rule IF NOT EXISTS FOR (n:BlockRule) REQUIRE (n.kind, n.value) IS UNIQUE;
// Events that met a limit are few: the index holds only those.
CREATE INDEX activity_limited IF NOT EXISTS FOR (n:Activity) ON (n.limited, n.received_at);
