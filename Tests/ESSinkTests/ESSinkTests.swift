// ESSinkTests
