import Bytes
import CCurl

/// One curl easy handle and what it collects; used for one request after the other.
///
/// Lives on the client's thread. The running request keeps its body alive through `request`.
final class Transfer {
  typealias Completion = @Sendable (Result<HTTPResponse, HTTPError>) -> Void

  let handle: UnsafeMutableRawPointer
  private(set) var id: UInt64 = 0
  private(set) var completion: Completion = { _ in }
  private var request = HTTPRequest(.get, "")
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  private var headers: [(name: String, value: String)] = []
  private var body: [UInt8] = []
  private var maximumBytes = 0
  private var isTooLarge = false

  init?() {
    guard let handle = curl_easy_init() else { return nil }
    self.handle = handle
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
    errorText.deallocate()
  }

  /// Sets the handle up for a request; nil when it is ready to be added to the multi handle.
  func prepare(
    _ request: HTTPRequest, id: UInt64, configuration: HTTPClientConfiguration,
    completion: @escaping Completion
  ) -> HTTPError? {
    self.id = id
    self.request = request
    self.completion = completion
    maximumBytes = configuration.maximumResponseBytes
    errorText[0] = 0
    curl_easy_reset(handle)
    guard !request.url.utf8.contains(0) else { return error(.invalidURL, "NUL in the URL") }
    opine_curl_text(handle, CURLOPT_URL, request.url)
    opine_curl_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    opine_curl_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    opine_curl_long(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    opine_curl_long(handle, CURLOPT_NOSIGNAL, 1)
    opine_curl_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
    opine_curl_long(handle, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
    let timeout = request.timeout ?? configuration.timeout
    opine_curl_long(handle, CURLOPT_TIMEOUT_MS, timeout.milliseconds)
    opine_curl_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    if request.followsRedirects && request.credentials == nil {
      opine_curl_long(handle, CURLOPT_FOLLOWLOCATION, 1)
      opine_curl_long(handle, CURLOPT_MAXREDIRS, 5)
    }
    if request.acceptsCompression { opine_curl_text(handle, CURLOPT_ACCEPT_ENCODING, "") }
    setSecurity(configuration)
    setBody()
    setSinks()
    return setHeaders(userAgent: configuration.userAgent)
  }

  private func setSecurity(_ configuration: HTTPClientConfiguration) {
    opine_curl_text(handle, CURLOPT_PROXY, configuration.proxy ?? "")
    opine_curl_long(handle, CURLOPT_SSL_VERIFYPEER, configuration.verifyPeer ? 1 : 0)
    opine_curl_long(handle, CURLOPT_SSL_VERIFYHOST, configuration.verifyHost ? 2 : 0)
    if let user = configuration.proxyUser { opine_curl_text(handle, CURLOPT_PROXYUSERPWD, user) }
    if let file = configuration.caFile { opine_curl_text(handle, CURLOPT_CAINFO, file) }
    setBlob(CURLOPT_CAINFO_BLOB, configuration.caText)
    if let file = configuration.clientCertificate {
      opine_curl_text(handle, CURLOPT_SSLCERT, file)
    }
    if configuration.clientIsPKCS12 { opine_curl_text(handle, CURLOPT_SSLCERTTYPE, "P12") }
    if let file = configuration.clientKey { opine_curl_text(handle, CURLOPT_SSLKEY, file) }
    setBlob(CURLOPT_SSLCERT_BLOB, configuration.clientCertificateText)
    setBlob(CURLOPT_SSLKEY_BLOB, configuration.clientKeyText)
    if let password = configuration.clientKeyPassword {
      opine_curl_text(handle, CURLOPT_KEYPASSWD, password)
    }
  }

  private func setBlob(_ option: CURLoption, _ text: String?) {
    guard var text else { return }
    text.withUTF8 { _ = opine_curl_blob(handle, option, $0.baseAddress, $0.count) }
  }

  private func setBody() {
    switch (request.body, request.method) {
    case (.none, .get):
      opine_curl_long(handle, CURLOPT_HTTPGET, 1)
    case (.none, .head):
      opine_curl_long(handle, CURLOPT_NOBODY, 1)
    case (.none, .delete):
      opine_curl_long(handle, CURLOPT_HTTPGET, 1)
    case (.none, .post), (.none, .put), (.none, .patch):
      opine_curl_long(handle, CURLOPT_POST, 1)
      opine_curl_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, 0)
      opine_curl_text(handle, CURLOPT_COPYPOSTFIELDS, "")
    case (.bytes(let bytes), _):
      opine_curl_long(handle, CURLOPT_POST, 1)
      opine_curl_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
      bytes.withUnsafeBytes { setCopiedFields($0) }
      setUploadBuffer(bytes.count)
    case (.shared(let bytes), _):
      opine_curl_long(handle, CURLOPT_POST, 1)
      opine_curl_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
      // The address stays good after the closure: SharedBytes owns it until `request` lets go.
      bytes.withUnsafeBytes { fields in
        _ = opine_curl_pointer(handle, CURLOPT_POSTFIELDS, fields.baseAddress)
      }
      setUploadBuffer(bytes.count)
    }
    if request.method != .head { setMethod() }
  }

  private func setMethod() {
    opine_curl_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
  }

  private func setCopiedFields(_ bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress, !bytes.isEmpty {
      opine_curl_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
    } else {
      opine_curl_text(handle, CURLOPT_COPYPOSTFIELDS, "")
    }
  }

  /// Few, large writes to the socket for large bodies; small requests keep curl's 64 KB. Larger than this
  /// costs memory for each request in flight and saves no time.
  private func setUploadBuffer(_ count: Int) {
    guard count > 64 << 10 else { return }
    opine_curl_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
  }

  private func setSinks() {
    let context = Unmanaged.passUnretained(self).toOpaque()
    opine_curl_sink_to(handle, CURLOPT_WRITEFUNCTION, receiveBody)
    opine_curl_pointer(handle, CURLOPT_WRITEDATA, context)
    opine_curl_sink_to(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
    opine_curl_pointer(handle, CURLOPT_HEADERDATA, context)
  }

  private func setHeaders(userAgent: String) -> HTTPError? {
    var lines = ["Expect:", "User-Agent: \(userAgent)"]
    switch request.credentials {
    case .basic(let user, let password):
      opine_curl_long(handle, CURLOPT_HTTPAUTH, opine_curl_auth_basic)
      opine_curl_text(handle, CURLOPT_USERNAME, user)
      opine_curl_text(handle, CURLOPT_PASSWORD, password)
    case .bearer(let token): lines.append("Authorization: Bearer \(token)")
    case .apiKey(let key): lines.append("Authorization: ApiKey \(key)")
    case nil: break
    }
    var hasContentType = false
    for (name, value) in request.headers {
      if name.lowercased() == "content-type" { hasContentType = true }
      lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")  // "Name:" would remove it
    }
    if !hasContentType { lines.append("Content-Type:") }  // else curl says it is a form
    for line in lines where line.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) {
      return error(.invalidHeader, "line break or NUL in a header")
    }
    curl_slist_free_all(headerList)
    headerList = nil
    for line in lines { headerList = curl_slist_append(headerList, line) }
    opine_curl_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    return nil
  }

  func error(_ code: HTTPError.Code, _ message: String) -> HTTPError {
    HTTPError(code: code, address: HTTPError.address(of: request.url), message: message)
  }

  /// Takes the outcome out and lets go of the request: its body may be freed from here on.
  func finish(_ result: CURLcode) -> Result<HTTPResponse, HTTPError> {
    defer { release() }
    guard result == CURLE_OK else {
      if isTooLarge {
        return .failure(error(.responseTooLarge, "more than \(maximumBytes) bytes"))
      }
      var port = 0
      opine_curl_info_long(handle, CURLINFO_PRIMARY_PORT, &port)
      return .failure(
        HTTPError(
          curl: result, text: String(cString: errorText), url: request.url, connected: port != 0))
    }
    var status = 0
    opine_curl_info_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return .success(HTTPResponse(status: status, headers: headers, body: body))
  }

  /// Forgets everything about the last request.
  func release() {
    request = HTTPRequest(.get, "")
    completion = { _ in }
    headers = []
    body = []
    isTooLarge = false
  }

  // MARK: curl's callbacks

  fileprivate func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= maximumBytes else {
      isTooLarge = true
      return 0  // anything but the count ends the transfer
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  fileprivate func header(_ bytes: UnsafeRawBufferPointer) {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {  // another answer begins: after 100 Continue or a redirect
      headers = []
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let name = line[..<colon].lowercased()
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) }
    headers.append((name, String(value[..<(end ?? value.startIndex)])))
  }
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return transfer.append(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  transfer.header(UnsafeRawBufferPointer(start: bytes, count: size * count))
  return size * count
}
