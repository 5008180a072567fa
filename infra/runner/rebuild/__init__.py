"""All that is worked out from the log, made anew from it beside what people see, compared, and put in its place.

Owns the generation `next`: derived topics with that suffix and a database of its own, filled by workers of its own from
the beginning of the same log. Promises that what people see stays whole until the new is whole and has been compared;
that whoever looks during the switch is told that nothing can be shown now; and that a switch that was cut off, at any
point, is finished by running it again. Refuses to put what differs in the old one's place unless it is told to accept
that.
"""
