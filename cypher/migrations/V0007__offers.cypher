// Environments with their folders of visitors, and catalogues: categories, spaces, offers.
CREATE CONSTRAINT catalogue_name IF NOT EXISTS FOR (n:Catalogue) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT environment_name IF NOT EXISTS FOR (n:Environment) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT folder_name IF NOT EXISTS FOR (n:Folder) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT category_path IF NOT EXISTS FOR (n:Category) REQUIRE (n.environment, n.path) IS UNIQUE;
CREATE CONSTRAINT space_name IF NOT EXISTS FOR (n:Space) REQUIRE (n.environment, n.name) IS UNIQUE;
CREATE CONSTRAINT offer_name IF NOT EXISTS FOR (n:Offer) REQUIRE (n.environment, n.name) IS UNIQUE;
