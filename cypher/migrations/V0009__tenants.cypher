// Whose graph this is, where one server has several.
CREATE CONSTRAINT deployment_name IF NOT EXISTS FOR (n:Deployment) REQUIRE n.name IS UNIQUE;
