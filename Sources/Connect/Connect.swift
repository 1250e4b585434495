// Connect
