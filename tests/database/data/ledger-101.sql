BEGIN TRANSACTION;
CREATE TABLE attempts (
	id TEXT NOT NULL, 
	call_id BIGINT NOT NULL, 
	submission_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	worker TEXT NOT NULL, 
	started DOUBLE NOT NULL, 
	ended DOUBLE, 
	result TEXT, 
	possibly_processed BOOLEAN, 
	http_status INTEGER, 
	request_id TEXT, 
	words TEXT, 
	upload_id BIGINT, 
	seconds DOUBLE, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
INSERT INTO "attempts" VALUES('a87f91c8c2e02490bfaad00',1,'se2a62a72431081fa',1,'vm:9133:db842e72',1.79597836793230247491e+09,1.79597836802848505972e+09,'accepted',1,200,NULL,NULL,1001,3.59213199999430798925e-03);
INSERT INTO "attempts" VALUES('a8f9a9802ccfd9b06fd8700',2,'se2a62a72431081fa',1,'vm:9133:db842e72',1.79597836802947139738e+09,1.79597836812149643905e+09,'accepted',1,200,NULL,NULL,1002,8.61184599989428534172e-03);
INSERT INTO "attempts" VALUES('abe5983c11edd62bb38a100',3,'se2a62a72431081fa',1,'vm:9133:db842e72',1.79597836812167501452e+09,1.79597836820316934585e+09,'unknown',1,NULL,NULL,NULL,NULL,1.92922299993369961157e-03);
CREATE TABLE batches (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	file_hash TEXT NOT NULL, 
	mapping TEXT NOT NULL, 
	products TEXT, 
	who TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "batches" VALUES('b504201f451','calls','calls.csv','6c043f22c88ffacb5448120ace5236fadc3c28acf45a4d1711e54db189d530c2','{"fields":{"transcript":"Transcript","agent_email":"Agent Email","timestamp":"Start","conversation_id":"Conversation ID","product_id":"Product"},"joins":{},"from_name":{},"tags":["CSAT"],"tag_types":{"CSAT":"integer"},"values":{},"roles":{},"timezone":"","defaults":{},"day_first":null,"timestamp_unit":"auto","line_unit":"auto","line_times":"estimate","layout":"row","line_fields":{},"line_units":{},"group_by":[],"new_call":"value","sheet":{"kind":"csv","sheet":null,"header_row":1,"encoding":"utf-8","delimiter":","},"reasons":{"transcript":"name \"Transcript\"; 100 % of the cells tried read as a transcript, 47 characters on average","agent_email":"name \"Agent Email\"; 100 % look like emails, 2 different","timestamp":"name \"Start\"; 75 % look like dates or times","conversation_id":"name \"Conversation ID\"; 4 different of 4","product_id":"name \"Product\"; 2 different, 4 of 4 cells match a product","CSAT":"integer: all 3 cells are whole numbers; 3 different"}}','[{"id":1,"name":"Cards hotline","status":"active"},{"id":2,"name":"Loans","status":"active"},{"id":3,"name":"Technical support","status":"active"},{"id":4,"name":"Retention","status":"active"},{"id":5,"name":"Old pilot","status":"inactive"}]','ann',1.79597836703781795503e+09,'open');
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	batch_id TEXT NOT NULL, 
	"row" INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	original TEXT, 
	cells TEXT NOT NULL, 
	source_findings TEXT NOT NULL, 
	findings TEXT NOT NULL, 
	codes TEXT NOT NULL, 
	errors INTEGER NOT NULL, 
	warnings INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	edited BOOLEAN NOT NULL, 
	agent_email TEXT, 
	product_id BIGINT, 
	timestamp DOUBLE, 
	conversation_id TEXT, 
	lines INTEGER NOT NULL, 
	tags INTEGER NOT NULL, 
	preview TEXT NOT NULL, 
	characters_in INTEGER, 
	characters_placed INTEGER, 
	characters_dropped INTEGER DEFAULT '0' NOT NULL, 
	unassigned TEXT, 
	times TEXT, 
	decisions TEXT, 
	delivery_key TEXT, 
	words_digest TEXT, 
	submission_id TEXT, 
	chunk INTEGER, 
	worker TEXT, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	retry_at DOUBLE, 
	audio TEXT DEFAULT 'none' NOT NULL, 
	upload_id BIGINT, 
	http_status INTEGER, 
	error TEXT, 
	seconds DOUBLE, 
	sent_at DOUBLE, 
	ended_at DOUBLE, 
	skipped_because TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT one_call_a_row UNIQUE (batch_id, "row"), 
	FOREIGN KEY(batch_id) REFERENCES batches (id)
);
INSERT INTO "calls" VALUES(1,'b504201f451',2,'{"agent_email":"ann@cedarline.example","product_id":1,"conversation_id":"conv-1","timestamp":1772445600,"transcript":[{"role":"agent","text":"Good morning, Ann speaking.","start":0,"stop":1.54},{"role":"customer","text":"I lost my credit card.","start":1.54,"stop":3.08}],"tags":[{"key":"CSAT","value":4,"type":"integer"}]}','{"agent_email":"ann@cedarline.example","product_id":1,"conversation_id":"conv-1","timestamp":1772445600,"transcript":[{"role":"agent","text":"Good morning, Ann speaking.","start":0,"stop":1.54},{"role":"customer","text":"I lost my card.","start":1.54,"stop":3.08}],"tags":[{"key":"CSAT","value":4,"type":"integer"}]}','{"Conversation ID":"conv-1","Agent Email":"ann@cedarline.example","Product":"1","Start":"2026-03-02T10:00:00Z","CSAT":"4","Transcript":"Agent: Good morning, Ann speaking.\nCustomer: I lost my card."}','[{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','[{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','|times-estimated|',0,1,'accepted',1,'ann@cedarline.example',1,1772445600.0,'conv-1',2,1,'Good morning, Ann speaking.',51,51,0,NULL,'ee',NULL,'dcbb083d701409eb9f06ad1983be5a96bfa58929','ce3622a10f62f3b6b6ab946eb950791c1c751ea9','se2a62a72431081fa',0,'vm:9133:db842e72',1,1,NULL,'none',1001,200,NULL,3.59213199999430798925e-03,1.79597836793230247491e+09,1.79597836802848505972e+09,NULL);
INSERT INTO "calls" VALUES(2,'b504201f451',3,'{"agent_email":"ann@cedarline.example","product_id":1,"conversation_id":"conv-2","timestamp":1772449200,"filename":"call 2.wav","tags":[{"key":"CSAT","value":5,"type":"integer"}]}','{"agent_email":"ann@cedarline.example","product_id":1,"conversation_id":"conv-2","timestamp":1772449200,"tags":[{"key":"CSAT","value":5,"type":"integer"}]}','{"Conversation ID":"conv-2","Agent Email":"ann@cedarline.example","Product":"1","Start":"2026-03-02T11:00:00Z","CSAT":"5","Transcript":""}','[]','[]','',0,0,'accepted',1,'ann@cedarline.example',1,1772449200.0,'conv-2',0,1,'',0,0,0,NULL,'',NULL,'08f75c6ef87c2c7ca7502b76f7e6029f86b86e7f','e93ea7f2a0aa584bb02da60b65e32d335d2c69c7','se2a62a72431081fa',0,'vm:9133:db842e72',1,1,NULL,'uploaded',1002,200,NULL,8.61184599989428534172e-03,1.79597836802947139738e+09,1.79597836812149643905e+09,NULL);
INSERT INTO "calls" VALUES(3,'b504201f451',4,'{"agent_email":"bo@cedarline.example","product_id":2,"conversation_id":"conv-3","timestamp":1772452800,"transcript":[{"role":"agent","text":"Hello.","start":0,"stop":0.38},{"role":"customer","text":"My number is 4242.","start":0.38,"stop":1.92}]}',NULL,'{"Conversation ID":"conv-3","Agent Email":"bo@cedarline.example","Product":"2","Start":"2026-03-02T12:00:00Z","CSAT":"","Transcript":"Agent: Hello.\nCustomer: My number is 4242."}','[{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','[{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','|times-estimated|',0,1,'unknown',0,'bo@cedarline.example',2,1772452800.0,'conv-3',2,0,'Hello.',36,36,0,NULL,'ee',NULL,'2d6aea8b5c98636286b67220c0716f39da0dc1f3','ebb2022ff7cac22d1505072ef71784873408f724','se2a62a72431081fa',0,'vm:9133:db842e72',1,1,NULL,'none',NULL,NULL,'The call was sent, but the connection was closed before the answer was complete, or the answer was not HTTP: it may have been processed. Check before sending it again.',1.92922299993369961157e-03,1.79597836812167501452e+09,1.79597836820316934585e+09,NULL);
INSERT INTO "calls" VALUES(4,'b504201f451',5,'{"agent_email":"bo@cedarline.example","product_id":2,"conversation_id":"conv-4","transcript":[{"role":"agent","text":"Hello again.","start":0,"stop":0.77},{"role":"customer","text":"Thank you.","start":0.77,"stop":1.54}],"tags":[{"key":"CSAT","value":3,"type":"integer"}]}',NULL,'{"Conversation ID":"conv-4","Agent Email":"bo@cedarline.example","Product":"2","Start":"soon","CSAT":"3","Transcript":"Agent: Hello again.\nCustomer: Thank you."}','[{"code":"timestamp-unreadable","field":"timestamp","message":"The start time ''soon'' is not a date and time.","value":"soon"},{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','[{"code":"timestamp-unreadable","field":"timestamp","message":"The start time ''soon'' is not a date and time.","value":"soon"},{"code":"times-estimated","field":"transcript","message":"Times of all lines were estimated at 2.6 words a second after the line before."}]','|times-estimated|timestamp-unreadable|',1,1,'held',0,'bo@cedarline.example',2,NULL,'conv-4',2,1,'Hello again.',35,35,0,NULL,'ee',NULL,'61bcfafe773ceb2e71e5a46d312beb2d2f580068','dc0bafc4529e426e228d03744481d6ffeba94160',NULL,NULL,NULL,0,0,NULL,'none',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE corrections (
	call_id BIGINT NOT NULL, 
	family BIGINT NOT NULL, 
	corrects BIGINT, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (call_id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
CREATE TABLE deliveries (
	address TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	call_id BIGINT NOT NULL, 
	submission_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	upload_id BIGINT, 
	at DOUBLE NOT NULL, 
	words_digest TEXT, 
	PRIMARY KEY (address, "key")
);
INSERT INTO "deliveries" VALUES('sandbox','dcbb083d701409eb9f06ad1983be5a96bfa58929',1,'se2a62a72431081fa','accepted',1001,1.79597836802848505972e+09,'ce3622a10f62f3b6b6ab946eb950791c1c751ea9');
INSERT INTO "deliveries" VALUES('sandbox','08f75c6ef87c2c7ca7502b76f7e6029f86b86e7f',2,'se2a62a72431081fa','accepted',1002,1.79597836812149643905e+09,'e93ea7f2a0aa584bb02da60b65e32d335d2c69c7');
INSERT INTO "deliveries" VALUES('sandbox','2d6aea8b5c98636286b67220c0716f39da0dc1f3',3,'se2a62a72431081fa','unknown',NULL,1.79597836820316934585e+09,'ebb2022ff7cac22d1505072ef71784873408f724');
CREATE TABLE earlier_payloads (
	call_id BIGINT NOT NULL, 
	attempt INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	PRIMARY KEY (call_id, attempt), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
CREATE TABLE edits (
	id INTEGER NOT NULL, 
	call_id BIGINT NOT NULL, 
	field TEXT NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
INSERT INTO "edits" VALUES(1,1,'transcript[2].text','"I lost my card."','"I lost my credit card."','bo',1.79597836729819822308e+09);
INSERT INTO "edits" VALUES(2,2,'filename',NULL,'"call 2.wav"','bo',1.79597836733102560039e+09);
INSERT INTO "edits" VALUES(3,2,'recording',NULL,'{"name":"call 2.wav","sha256":"40c6d32a8ff73181d3bc6fa1f3ebb997b206eeee1104700ac7c0c915d3bf2a57","size":160}','bo',1.79597836733102560039e+09);
CREATE TABLE facts (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "facts" VALUES('identity','e47bd3135cdcb6b6c21ae1d2e1e7a5a4');
INSERT INTO "facts" VALUES('place','/somewhere/ledger.sqlite');
INSERT INTO "facts" VALUES('sandbox-urls','["http://127.0.0.1:42781"]');
CREATE TABLE marks (
	id INTEGER NOT NULL, 
	call_id BIGINT NOT NULL, 
	line INTEGER, 
	digest TEXT, 
	line_start DOUBLE, 
	"begin" INTEGER, 
	"end" INTEGER, 
	recording TEXT, 
	start DOUBLE, 
	stop DOUBLE, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	gone_at DOUBLE, 
	gone_who TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
INSERT INTO "marks" VALUES(1,3,2,'9dc39f8d6ebe0f425f76e992e7c515b2',0.38,13,17,NULL,NULL,NULL,'bo',1.79597836737731528277e+09,NULL,NULL);
INSERT INTO "marks" VALUES(2,2,NULL,NULL,NULL,NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000',1.0,2.0,'bo',1.79597836739717793465e+09,NULL,NULL);
CREATE TABLE paces (
	address TEXT NOT NULL, 
	most_at_once INTEGER, 
	create_idempotent BOOLEAN NOT NULL, 
	not_before DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (address)
);
CREATE TABLE past_outcomes (
	submission_id TEXT NOT NULL, 
	call_id BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	upload_id BIGINT, 
	http_status INTEGER, 
	error TEXT, 
	seconds DOUBLE, 
	sent_at DOUBLE, 
	ended_at DOUBLE, 
	skipped_because TEXT, 
	audio TEXT, 
	PRIMARY KEY (submission_id, call_id)
);
CREATE TABLE profiles (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	columns TEXT NOT NULL, 
	mapping TEXT NOT NULL, 
	who TEXT NOT NULL, 
	saved_at DOUBLE NOT NULL, 
	retired BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "profiles" VALUES('p9eab6376b3f2b16c','Calls','e7e43844b9e0be9f6f90ca331d9d8eb33474846d0e798973db410b3e73866507','["Conversation ID","Agent Email","Product","Start","CSAT","Transcript"]','{"day_first":null,"defaults":{},"fields":{"agent_email":"Agent Email","conversation_id":"Conversation ID","product_id":"Product","timestamp":"Start","transcript":"Transcript"},"from_name":{},"group_by":[],"joins":{},"layout":"row","line_fields":{},"line_times":"estimate","line_unit":"auto","line_units":{},"new_call":"value","reasons":{},"roles":{},"sheet":null,"tag_types":{"CSAT":"integer"},"tags":["CSAT"],"timestamp_unit":"auto","timezone":"","values":{}}','ann',1.79597836725006532662e+09,0);
CREATE TABLE questions (
	submission_id TEXT NOT NULL, 
	chunk INTEGER NOT NULL, 
	asker TEXT, 
	until DOUBLE DEFAULT '0' NOT NULL, 
	unclear BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (submission_id, chunk)
);
CREATE TABLE ramps (
	submission_id TEXT NOT NULL, 
	over BOOLEAN NOT NULL, 
	asked_about INTEGER NOT NULL, 
	PRIMARY KEY (submission_id)
);
CREATE TABLE reconciliations (
	id INTEGER NOT NULL, 
	call_id BIGINT NOT NULL, 
	submission_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	there BOOLEAN NOT NULL, 
	how TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
CREATE TABLE recordings (
	call_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	place TEXT NOT NULL, 
	path TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	changed DOUBLE NOT NULL, 
	content_type TEXT NOT NULL, 
	who TEXT NOT NULL, 
	attached_at DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	submission_id TEXT, 
	attempt_id TEXT, 
	upload_url TEXT, 
	host TEXT, 
	expires_at DOUBLE, 
	worker TEXT, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	retry_at DOUBLE, 
	sent BIGINT DEFAULT '0' NOT NULL, 
	error TEXT, 
	started_at DOUBLE, 
	ended_at DOUBLE, 
	PRIMARY KEY (call_id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
INSERT INTO "recordings" VALUES(2,'call 2.wav','','/somewhere/call 2.wav','40c6d32a8ff73181d3bc6fa1f3ebb997b206eeee1104700ac7c0c915d3bf2a57',160,1.7959783640988922119e+09,'audio/wav','bo',1.79597836733102560039e+09,'uploaded','se2a62a72431081fa','a8f9a9802ccfd9b06fd8700',NULL,NULL,1.79598196812140417102e+09,NULL,1,NULL,160,NULL,1.79597836812167501452e+09,1.79597836863557553288e+09);
CREATE TABLE resends (
	id INTEGER NOT NULL, 
	call_id BIGINT NOT NULL, 
	submission_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	came_to_nothing BOOLEAN NOT NULL, 
	call_submission_id TEXT, 
	"key" TEXT NOT NULL, 
	delivered_call_id BIGINT NOT NULL, 
	delivered_in TEXT NOT NULL, 
	upload_id BIGINT, 
	delivered_at DOUBLE NOT NULL, 
	words_digest TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES calls (id)
);
CREATE TABLE restore_answers (
	address TEXT NOT NULL, 
	call_id BIGINT NOT NULL, 
	there BOOLEAN NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (address, call_id)
);
CREATE TABLE schema_versions (
	version INTEGER NOT NULL, 
	applied_at DOUBLE NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_versions" VALUES(101,1.79597836389101719856e+09);
CREATE TABLE selections (
	id TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	rows TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(batch_id) REFERENCES batches (id)
);
INSERT INTO "selections" VALUES('2e124541a0ba','b504201f451','2-3','ann',1.7959783672791323662e+09);
CREATE TABLE submissions (
	id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	batch_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	token_source TEXT NOT NULL, 
	token_hint TEXT NOT NULL, 
	credential TEXT, 
	concurrency INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	chosen INTEGER NOT NULL, 
	who TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	ended_at DOUBLE, 
	PRIMARY KEY (id), 
	FOREIGN KEY(batch_id) REFERENCES batches (id)
);
INSERT INTO "submissions" VALUES('se2a62a72431081fa',1,'b504201f451','sandbox','notebook','…vG8B','a35786a62e27692d',1,'done','',1,3,'ann',1.795978367718206644e+09,1.79597836863574385644e+09);
CREATE TABLE upload_hosts (
	address TEXT NOT NULL, 
	host TEXT NOT NULL, 
	allowed BOOLEAN NOT NULL, 
	who TEXT NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	PRIMARY KEY (address, host)
);
CREATE TABLE worker_paces (
	worker TEXT NOT NULL, 
	submission_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	in_flight INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	PRIMARY KEY (worker, submission_id)
);
INSERT INTO "worker_paces" VALUES('vm:9133:db842e72','se2a62a72431081fa','sandbox',0,'',1.79597836793230247491e+09);
CREATE TABLE workers (
	name TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started DOUBLE NOT NULL, 
	heartbeat DOUBLE NOT NULL, 
	gone BOOLEAN NOT NULL, 
	kind TEXT DEFAULT 'worker' NOT NULL, 
	place TEXT, 
	process TEXT, 
	lasts DOUBLE, 
	sends TEXT, 
	lately INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "workers" VALUES('vm:9133:db842e72','vm',9133,1.79597836787100744249e+09,1.79597836790648078923e+09,1,'notebook','vm 1776c86f-6bad-401a-901b-39e5c6cf6e5b pid:[4026531836]','9133 302491',45.0,'[]',0);
CREATE INDEX profiles_by_columns ON profiles (signature);
CREATE INDEX calls_by_status ON calls (batch_id, status, "row");
CREATE INDEX calls_by_key ON calls (batch_id, delivery_key);
CREATE INDEX calls_by_finding ON calls (batch_id, codes, warnings, edited);
CREATE INDEX calls_by_loss ON calls (batch_id, characters_in, characters_placed, characters_dropped);
CREATE INDEX calls_by_submission ON calls (submission_id, status, chunk, "row");
CREATE INDEX calls_being_sent ON calls (worker) WHERE status = 'sending';
CREATE INDEX submissions_by_batch ON submissions (batch_id, created_at);
CREATE INDEX edits_by_call ON edits (call_id);
CREATE INDEX attempts_by_call ON attempts (call_id);
CREATE INDEX reconciliations_by_call ON reconciliations (call_id);
CREATE INDEX resends_by_submission ON resends (submission_id);
CREATE INDEX resends_by_call ON resends (call_id);
CREATE INDEX corrections_by_family ON corrections (family);
CREATE INDEX recordings_by_submission ON recordings (submission_id, state);
CREATE INDEX recordings_under_way ON recordings (expires_at) WHERE upload_url IS NOT NULL;
CREATE INDEX marks_by_call ON marks (call_id);
COMMIT;
