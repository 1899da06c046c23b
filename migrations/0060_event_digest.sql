-- SHA-256 of what a file holds unpacked, by which CloudTrail's digests name it; NULL of what was read before it was kept.
ALTER TABLE event_position ADD COLUMN plain TEXT;
