"""The pages, server-rendered: each asks the services, and shows their answer or which of them did not give one."""
