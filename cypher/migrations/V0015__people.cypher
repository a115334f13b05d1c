// People by parts of what is known of them: accents and case do not count. The second index is asked for words that the
// first leaves out as too common, such as the name Will. Both follow a write at once, behind it; who reads waits for them.
CREATE FULLTEXT INDEX people_words IF NOT EXISTS FOR (n:Property|Key) ON EACH [n.value] OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-folding', `fulltext.eventually_consistent`: true}};
CREATE FULLTEXT INDEX people_common_words IF NOT EXISTS FOR (n:Property) ON EACH [n.value] OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words', `fulltext.eventually_consistent`: true}};
// Events of a day, by the rule that resolved them.
CREATE INDEX activity_received IF NOT EXISTS FOR (n:Activity) ON (n.received_at, n.rule);
