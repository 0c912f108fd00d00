"""Kafka: connections, topics, consumers that lose nothing, and a place for records that cannot be read."""
