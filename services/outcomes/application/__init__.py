"""What is done when somebody asks: questions answered for the evaluator, releases made and published for others.

Owns the order of things: what is settled before it is counted, what is protected before it is kept. Refuses to know
where anything is stored or how an answer travels.
"""
