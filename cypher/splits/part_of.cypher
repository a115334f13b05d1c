// name: splits.part_of
// purpose: Tell of which part an activity carried a person key: the first such one, or null.
// needs: a, carried
head([
  part IN $parts WHERE a.email IN part.emails
    OR a.user_id IN part.user_ids
    OR any(key IN carried WHERE key IN part.others)
  | part.number
])
