-- What a source sent on a day, by the day of arrival in UTC, counted when events are filed. day counts from 1970-01-01.
CREATE TABLE event_source_day (
  source_id TEXT NOT NULL REFERENCES event_source (id),
  day INTEGER NOT NULL,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  events BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  late BIGINT NOT NULL,
  disordered BIGINT NOT NULL,
  ahead BIGINT NOT NULL,
  undated BIGINT NOT NULL,
  PRIMARY KEY (source_id, day)
);
CREATE INDEX event_source_day_org ON event_source_day (org_id, day);
