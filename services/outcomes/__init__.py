"""outcomes: what became of the survivors, in numbers.

Owns the indicators: their definitions, a pure reference that computes them from events and obligations (`domain`),
and the SQL that counts the same over millions of events (`sql`). Promises that both give the same answer, that every
answer says which period it is about, up to when the data goes and how fresh it is, and that a store which cannot be
reached is a failure on the page, never a zero.

Owns the targets that programmes have set (`domain/targets.py`), which stand beside numbers and are in none.

Owns the releases too: numbered tables of a quarter that outsiders may read, protected, published by a person, never
changed (`domain/protection`, `domain/publication`).

Refuses to decide what neglect is: it counts the obligations and alerts that the heart stated. Refuses to show a case:
answers are aggregates of the asking evaluator's own organisation, and a cell of one or two cases hides its number.
"""
