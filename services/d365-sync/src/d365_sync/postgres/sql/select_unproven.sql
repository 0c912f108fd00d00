-- Since when the Web Case ID counts as unique without a proof; null if it does not.
SELECT uniqueness_unproven_since FROM delivery_control
