"""The ways out of the process: reading the log in Kafka, recording through casework."""
