// Enrich
