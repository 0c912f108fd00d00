-- Returns the slugs that equal one of these, or one of these with a number after it. $1 slugs text[]
SELECT dealer FROM dealers
WHERE dealer = ANY ($1::text[]) OR (dealer ~ '-[0-9]+$' AND regexp_replace(dealer, '-[0-9]+$', '') = ANY ($1::text[]))
