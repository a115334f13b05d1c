// name: segments.property_truth
// purpose: Tell whether properties, each with name and value, meet a leaf; a value of another type than asked for does not.
// needs: leaf, properties
CASE leaf.test
  WHEN 'exists' THEN leaf.value = any(p IN properties WHERE p.name = leaf.name AND p.value IS NOT NULL)
  ELSE any(p IN properties WHERE p.name = leaf.name AND coalesce(CASE leaf.test
    // A list is what one of its values is.
    WHEN 'is' THEN p.value = leaf.value
      OR valueType(p.value) STARTS WITH 'LIST' AND leaf.value IN p.value
    WHEN 'is_not' THEN p.value IS NOT NULL AND NOT coalesce(p.value = leaf.value
      OR valueType(p.value) STARTS WITH 'LIST' AND leaf.value IN p.value, false)
    WHEN 'in' THEN p.value IN leaf.value
      OR valueType(p.value) STARTS WITH 'LIST' AND any(one IN p.value WHERE one IN leaf.value)
    WHEN 'contains' THEN CASE
      WHEN valueType(p.value) STARTS WITH 'LIST' THEN leaf.value IN p.value
      ELSE p.value CONTAINS leaf.value END
    // Of two texts that are times their instants are compared, of any others their characters.
    ELSE head([times IN [{
      value: CASE
        WHEN (leaf.time IS NOT NULL OR leaf.past IS NOT NULL OR leaf.ahead IS NOT NULL) AND p.value =~ '(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)([Tt ]([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{1,9})?([Zz]|[+-]((0[0-9]|1[0-7]):[0-5][0-9]|18:00)))?'
        THEN datetime({timezone: 'Z', datetime: datetime(CASE size(p.value)
          WHEN 10 THEN p.value + 'T00:00:00Z'
          ELSE replace(toUpper(p.value), ' ', 'T') END)}) END,
      limit: CASE
        WHEN leaf.time IS NOT NULL THEN datetime({timezone: 'Z', datetime: datetime(leaf.time)})
        WHEN leaf.past IS NOT NULL THEN $now - duration(leaf.past)
        WHEN leaf.ahead IS NOT NULL THEN $now + duration(leaf.ahead) END
      }] | CASE leaf.test
      WHEN 'is_before' THEN times.value < times.limit
      WHEN 'is_after' THEN times.value > times.limit
      WHEN 'greater_than' THEN CASE WHEN times.value IS NULL THEN p.value > leaf.value ELSE times.value > times.limit END
      WHEN 'less_than' THEN CASE WHEN times.value IS NULL THEN p.value < leaf.value ELSE times.value < times.limit END
      END])
    END, false)) END
