// A rule may be for the keys of one namespace; one of before is for all of them, which the empty name says.
MATCH (r:BlockRule) WHERE r.namespace IS NULL SET r.namespace = '';
CREATE CONSTRAINT block_rule_of IF NOT EXISTS FOR (n:BlockRule) REQUIRE (n.namespace, n.kind, n.value) IS UNIQUE;
DROP CONSTRAINT block_rule IF EXISTS;
