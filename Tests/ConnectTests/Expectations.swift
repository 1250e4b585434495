import Testing

/// `#expect` for calls that change a value, which the macro cannot take.
func expect<Value: Equatable>(
  _ actual: Value, is expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual == expected, sourceLocation: sourceLocation)
}

/// `#require` for calls that change a value.
func required<Value>(
  _ value: Value?, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Value {
  try #require(value, sourceLocation: sourceLocation)
}
