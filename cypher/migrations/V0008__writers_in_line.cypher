// Writers that collided several times stand in line behind one lock.
CREATE CONSTRAINT line_name IF NOT EXISTS FOR (n:WaitingLine) REQUIRE n.name IS UNIQUE;
