// name: anomalies.publish
// purpose: Make a run the last analysis, unless a later one already is; tell which is, and which was before.
// parameters: name, run, at, totals, sizes
// columns: run, before
// access: write
MERGE (a:Analysis {name: $name})
  ON CREATE SET a.run = ''
REMOVE a._lock
WITH a, a.run AS before, a.run < $run AS newer
SET
  a.at = CASE WHEN newer THEN $at ELSE a.at END,
  a.totals = CASE WHEN newer THEN $totals ELSE a.totals END,
  a.sizes = CASE WHEN newer THEN $sizes ELSE a.sizes END,
  a.run = CASE WHEN newer THEN $run ELSE a.run END
RETURN a.run AS run, CASE WHEN before <> '' THEN before END AS before
