// EnrichTests
