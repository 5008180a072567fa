"""What the log says about alerts, folded; standard library and the words of a case only, `now` is an argument."""
