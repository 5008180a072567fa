"""The log on one machine: a single KRaft node of Apache Kafka; and on any cluster its topics, and who may do what.

Owns the pinned jars (`pom.xml`, `jars.sha256`), starting, stopping and killing a node, creating the topics of the
table, and the table of users and grants (`grants.py`). Promises that the node is durable in its directory, listens on
loopback only, and never outlives the process that started it. Refuses jars that are not the ones it names, a directory
or a port that is in use, topics that differ from the table, and passwords that others may read.
"""
