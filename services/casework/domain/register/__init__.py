"""A register that somebody kept before: rows of text become lines of cases, and lines become events. Pure.

It owns which columns mean what (`columns`), how dates, places and choices were written by hand (`dates`, `places`,
`choices`), what is wrong with a line (`lines`), and which events a line becomes, under ids that follow from the import
and the line alone (`recorded`): whatever is sent again is recorded once. It promises that a line is either right as a
whole or says at which column it is wrong; it guesses no value that nobody wrote. It knows no file and no clock.
"""
