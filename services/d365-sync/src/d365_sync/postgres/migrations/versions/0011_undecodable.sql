-- Records that cannot be decoded cannot be told apart either: a range of offsets stands for them.
ALTER TABLE d365_sync.unreadable_records ADD COLUMN last_offset bigint;
