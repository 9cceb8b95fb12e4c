-- A database of schema 1 with rows of format 1, as the first program wrote it, and a
-- batch that a crash left behind. It is never written anew: today's program must
-- read it. {{text}} and {{blob}} are the engine's types, {{…}} elsewhere is bytes.

CREATE TABLE migration (number INTEGER PRIMARY KEY);
-- The first schema. {{text}}, {{blob}} are the types of the engine; IDs are
-- compared byte by byte.

CREATE TABLE source (
	id BIGINT PRIMARY KEY,
	name {{text}} NOT NULL UNIQUE
);

-- The one row whose lock a publish takes: the newest version, and the number of
-- the newest batch. identity tells one table from another, so that a snapshot of
-- another is not taken for this one's.
CREATE TABLE head (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	version BIGINT NOT NULL,
	batch BIGINT NOT NULL,
	identity {{text}} NOT NULL
);
INSERT INTO head (one, version, batch, identity) VALUES (1, 0, 0, '');

-- A publish: version and the batch of rows that it brought.
CREATE TABLE version (
	version BIGINT PRIMARY KEY,
	batch BIGINT NOT NULL UNIQUE,
	source BIGINT NOT NULL,
	operation INTEGER NOT NULL,
	published BIGINT NOT NULL, -- microseconds since 1970
	author {{text}} NOT NULL,
	request {{text}} NOT NULL,
	note {{text}} NOT NULL,
	added BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	removed BIGINT NOT NULL,
	unchanged BIGINT NOT NULL,
	restorable INTEGER NOT NULL
);
CREATE INDEX version_source ON version (source, version);

-- What sources say and said. n is the row's batch times 2^32 plus its place in
-- the batch; ended is the batch that changed or removed it. A row counts from the
-- version of its batch until that of ended; without a version, not at all.
CREATE TABLE fact (
	n BIGINT PRIMARY KEY,
	source BIGINT NOT NULL,
	kind INTEGER NOT NULL,
	id {{text}} NOT NULL,
	ended BIGINT,
	body {{blob}}
);
CREATE INDEX fact_key ON fact (source, kind, id);
CREATE INDEX fact_ended ON fact (ended) WHERE ended IS NOT NULL;

-- Batches that are being staged. One that nobody touched for long is swept out.
CREATE TABLE staging (
	batch BIGINT PRIMARY KEY,
	touched BIGINT NOT NULL
);

-- What writes answered, so that a second call with the same ID answers the same.
CREATE TABLE request (
	id {{text}} PRIMARY KEY,
	fingerprint {{text}} NOT NULL,
	answered BIGINT NOT NULL,
	result {{blob}} NOT NULL
);
CREATE INDEX request_answered ON request (answered);

INSERT INTO migration (number) VALUES (1);
INSERT INTO source (id, name) VALUES (1, 's');
INSERT INTO source (id, name) VALUES (2, 'pins');
UPDATE head SET version = 3, batch = 4, identity = 'ZKGJSMJ2DSSH2OLFLVFRWWYWLE';
INSERT INTO version (version, batch, source, operation, published, author, request, note, added, changed, removed, unchanged, restorable) VALUES (1, 1, 1, 2, 1795451877651984, 'desk', 'r1', 'first', 4, 0, 0, 0, 1);
INSERT INTO version (version, batch, source, operation, published, author, request, note, added, changed, removed, unchanged, restorable) VALUES (2, 2, 2, 5, 1795451877695686, '', '', '', 1, 0, 0, 0, 1);
INSERT INTO version (version, batch, source, operation, published, author, request, note, added, changed, removed, unchanged, restorable) VALUES (3, 3, 1, 2, 1795451877720404, '', '', '', 0, 1, 1, 2, 1);
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (4294967296, 1, 2, 's:1', NULL, {{01010f4272696d62617820546f6c76616e65808002010510d091d180d0b8d0bcd0b1d0b0d0bad181027275c0c43e0001020803733a3200000103733a700080bc3e01017801790103733a30}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (4294967297, 1, 2, 's:2', 3, {{01030354776f000103044465757802656e000000000000}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (4294967298, 1, 2, 's:3', 3, {{0103055468726565000000000000}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (4294967299, 1, 1, 's:p', NULL, {{01016f03733a320001044865616402656e}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (8589934592, 2, 3, 'tolvane	s:1', NULL, {{0107546f6c76616e650003733a3103776879}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (12884901889, 1, 2, 's:2', NULL, {{01030354776f000203044465757802656e000003045a77656902656e000000000000}});
INSERT INTO fact (n, source, kind, id, ended, body) VALUES (17179869184, 1, 2, 's:9', NULL, {{01030f6c6566742062792061206372617368000000000000}});
INSERT INTO staging (batch, touched) VALUES (4, 1795451877723342);
INSERT INTO request (id, fingerprint, answered, result) VALUES ('r1', 'f1', 1795451877652132, {{616e737765726564}});
