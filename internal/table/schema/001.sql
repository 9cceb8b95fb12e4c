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
