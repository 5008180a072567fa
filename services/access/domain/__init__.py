"""Pure rules of access: who may do what (`permissions`), what an account is and when sign-in waits (`accounts`)."""
