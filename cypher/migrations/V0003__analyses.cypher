// What the last analysis found, by rank, and what people dismissed of it.
CREATE CONSTRAINT analysis_name IF NOT EXISTS FOR (n:Analysis) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT finding_id IF NOT EXISTS FOR (n:Finding) REQUIRE (n.id, n.run) IS UNIQUE;
CREATE INDEX finding_rank IF NOT EXISTS FOR (n:Finding) ON (n.run, n.points);
CREATE CONSTRAINT cluster_id IF NOT EXISTS FOR (n:Cluster) REQUIRE (n.id, n.run) IS UNIQUE;
CREATE INDEX cluster_rank IF NOT EXISTS FOR (n:Cluster) ON (n.run, n.points);
CREATE CONSTRAINT dismissal_finding IF NOT EXISTS FOR (n:Dismissal) REQUIRE n.finding IS UNIQUE;
