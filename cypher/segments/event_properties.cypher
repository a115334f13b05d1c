// name: segments.event_properties
// purpose: Read those properties of an activity that an event's condition names from their JSON text.
// needs: a, event
[at IN range(0, size(coalesce(a.property_names, [])) - 1) WHERE a.property_names[at] IN event.where.names |
  // JSON text holds no control characters: two of them stand for \\ and \" while it is taken apart.
  head([text IN [replace(replace(a.property_values[at], '\\\\', '\u0001'), '\\"', '\u0002')] |
  head([values IN [[part IN CASE
      WHEN text = '[]' THEN []
      WHEN text STARTS WITH '["' THEN split(substring(text, 2, size(text) - 4), '","')
      WHEN text STARTS WITH '[' THEN split(substring(text, 1, size(text) - 2), ',')
      WHEN text STARTS WITH '"' THEN [substring(text, 1, size(text) - 2)]
      ELSE [text] END | CASE
    WHEN text STARTS WITH '"' OR text STARTS WITH '["' THEN substring(
      reduce(read = '', piece IN split(part, '\u0001') | read + '\\' + CASE
        WHEN piece CONTAINS '\\' THEN reduce(
          plain = replace(piece, '\u0002', '"'), escape IN event.where.escapes | replace(plain, escape[0], escape[1]))
        ELSE replace(piece, '\u0002', '"') END), 1)
    WHEN part = 'null' THEN null
    WHEN part IN ['true', 'false'] THEN part = 'true'
    WHEN part CONTAINS '.' OR part CONTAINS 'e' OR part CONTAINS 'E' THEN toFloat(part)
    ELSE toInteger(part) END]] |
  {name: a.property_names[at], value: CASE WHEN text STARTS WITH '[' THEN values ELSE values[0] END}])])]
