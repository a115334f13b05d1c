// Typology rules that offers and categories share by their names.
CREATE CONSTRAINT typology_rule_name IF NOT EXISTS FOR (n:TypologyRule) REQUIRE (n.environment, n.name) IS UNIQUE;
