"""Where the counting is done: ClickHouse. Owns how SQL is put together and run; holds no definition of its own."""
