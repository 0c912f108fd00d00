-- Purpose: a column for the customer group, by which a mapping can choose dealers, in a data file of version 3.
BEGIN IMMEDIATE;
ALTER TABLE CustTable ADD COLUMN CustomerGroupId TEXT NOT NULL DEFAULT '30' COLLATE NOCASE;
UPDATE CustTable SET CustomerGroupId = '80' WHERE CAST(substr(CustomerAccount, -3) AS INTEGER) % 5 = 0;
DROP TABLE IF EXISTS backup_CustTable;
PRAGMA user_version = 4;
COMMIT;
