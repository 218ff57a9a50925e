"""Where a station is put together and kept running: the only place that knows all its parts."""
