"""The ports of casework, against real things: the log in Kafka, the tables in ClickHouse, and a log in memory."""
