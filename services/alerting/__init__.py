"""alerting: the supervisors' inbox of cases that nobody followed up in time.

Owns the list of alerts by case, one alert with its history, the live stream of transitions, supervisors' actions on
alerts, the sign of life of the detector, and telling supervisors outside their inbox. Everything it knows of cases is
read from the log into memory at the start and followed from there; how people want to be told, and what is still to be
told, is in a store of its own. Stopping it loses nothing.

Promises that nothing is lost or told twice between a list and the stream that goes on from it; that what it has not
read yet, or can no longer vouch for, is never shown as calm; and that each row is shown to those in charge of the case
alone. Refuses to decide what neglect is (`services.casework.domain` does, in the detector) and to end an alert: only
what happens in the case ends it.
"""
