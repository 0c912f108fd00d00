-- How many characters D365 keeps of which text
SELECT field, characters FROM d365_lengths
