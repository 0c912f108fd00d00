-- Since when the Web Case ID is taken for unique without a proof; null where it is not.
SELECT uniqueness_unproven_since FROM delivery_control
