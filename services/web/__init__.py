"""The three faces in the browser, and the one origin in front of the services.

Owns the route table, the streaming proxy, the browser's session cookie, the security headers and the pages. Promises
that a page shows what a service answered or says which part did not answer, never a zero in its place; that a
signed-in browser can be used by no other site; that case data stays in no cache. Refuses to decide anything about a
case: what is neglect, who may see whom and what is due is asked of the services.
"""
