-- Returns how many characters D365 keeps of each text.
SELECT field, characters FROM d365_lengths
