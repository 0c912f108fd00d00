SELECT key FROM cursor_keys
