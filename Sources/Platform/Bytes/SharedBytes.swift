/// Bytes that may be read from several threads at once and are never written again: a request body.
///
/// `@unchecked Sendable` because nothing can change the buffer after `init`.
public final class SharedBytes: @unchecked Sendable {
  private let buffer: ByteBuffer

  public init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

  public var count: Int { buffer.count }

  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try buffer.withUnsafeBytes(body)
  }
}
