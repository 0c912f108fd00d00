-- Purpose: a column for the field that an administrator may make mandatory, in a data file of version 2.
BEGIN IMMEDIATE;
ALTER TABLE CaseDetailBase ADD COLUMN Resolution TEXT NOT NULL DEFAULT '' COLLATE NOCASE;
DROP TABLE IF EXISTS backup_CaseDetailBase;
PRAGMA user_version = 3;
COMMIT;
