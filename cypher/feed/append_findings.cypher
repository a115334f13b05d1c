// name: feed.append_findings
// purpose: Add changes that name the subject and the persons of a finding: an erasure looks for them by their label.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
CREATE (c:Change:FindingChange)
SET c = row
