"""Casebridge on a Kafka cluster as platform teams run it: three brokers, any of which dies (`make cluster`)."""
