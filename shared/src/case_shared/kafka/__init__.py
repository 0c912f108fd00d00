"""Kafka: connections, topics, consumers that lose nothing, and what cannot be read kept apart."""
