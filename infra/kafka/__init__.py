"""The log on one machine: a single KRaft node of Apache Kafka, and the topics on any cluster.

Owns the pinned jars (`pom.xml`, `jars.sha256`), starting, stopping and killing a node, and creating the topics
of the table. Promises that the node is durable in its directory, listens on loopback only, and never outlives
the process that started it. Refuses jars that are not the ones it names, a directory or a port that is in use,
and topics that differ from the table.
"""
