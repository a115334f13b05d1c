// Who is known without a person key: born of row 4.3.3, or with such a one folded into it.
MATCH (c:Contact|Redirect) WHERE c.split AND c.kind = 'known' SET c.nameless = true;
MATCH (c:Contact|Redirect) WHERE c.kind = 'known' AND EXISTS { (c)<-[:TO*]-({split: true}) } SET c.nameless = true;
