-- The tables of a shop, and a role for research that can read two of them and nothing else.
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, country text NOT NULL, email text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric(10, 2) NOT NULL, placed date NOT NULL);
COMMENT ON COLUMN customers.country IS 'two letters, ISO 3166';
COMMENT ON COLUMN orders.total IS 'in euros, with tax';

INSERT INTO customers VALUES
  (1, 'Ada', 'GB', 'ada@example.com'),
  (2, 'Blaise', 'FR', 'blaise@example.com'),
  (3, 'Konrad', 'DE', 'konrad@example.com');
INSERT INTO orders VALUES
  (1, 1, 120.00, '2026-01-07'), (2, 1, 80.50, '2026-02-11'), (3, 2, 310.00, '2026-02-12'),
  (4, 3, 45.00, '2026-03-02'), (5, 2, 19.90, '2026-03-09'), (6, 3, 999.00, '2026-03-30');

CREATE ROLE research LOGIN PASSWORD 'research' CONNECTION LIMIT 20;
-- Columns that a model may not see are not granted.
GRANT SELECT (id, name, country) ON customers TO research;
GRANT SELECT ON orders TO research;
