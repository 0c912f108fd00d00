-- Purpose: what the times of a data file of version 1 were called, and the RecId under its public name.
BEGIN IMMEDIATE;
DROP INDEX IF EXISTS cases_by_modified;
ALTER TABLE CaseDetailBase RENAME COLUMN CreatedDateAndTime TO SysCreatedDateTime;
ALTER TABLE CaseDetailBase RENAME COLUMN ModifiedDateAndTime TO SysModifiedDateTime;
ALTER TABLE CaseDetailBase ADD COLUMN CaseRecId INTEGER GENERATED ALWAYS AS (rec_id) VIRTUAL;
ALTER TABLE DocumentQueueLog RENAME COLUMN CreatedDateAndTime TO SysCreatedDateTime;
ALTER TABLE DocumentQueueLog RENAME COLUMN ModifiedDateAndTime TO SysModifiedDateTime;
PRAGMA user_version = 2;
COMMIT;
