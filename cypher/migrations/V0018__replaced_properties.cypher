// Values of properties that were replaced by others: what a contact showed at an earlier time is worked out from them.
CREATE INDEX replaced_property_at IF NOT EXISTS FOR (n:ReplacedProperty) ON (n.replaced_at);
