import HTTPServer
import SchemaRegistry
import Testing

@testable import Connect

/// The registry's properties as Confluent's converters have them, and what a request shows of them.
@Suite("A converter's registry") struct RegistrySettingsTests {
  private static let prefix = "value.converter."

  private func wrong(_ properties: [String: String]) -> [String] {
    var all = [Self.prefix + "schema.registry.url": "http://r:8081"]
    for (name, value) in properties { all[Self.prefix + name] = value }
    return ConverterSettings.validate(all).map {
      String($0.property.dropFirst(Self.prefix.count))
    }
  }

  /// What a registry reads in the header Authorization.
  private func authorization(_ properties: [String: String]) async throws -> String {
    var routes = HTTPRouter()
    routes.on("GET", "/subjects") { request in
      let shown = request.first(named: "authorization") ?? "nothing"
      return HTTPServerResponse(contentType: "application/json", text: "[\"\(shown)\"]")
    }
    let server = try HTTPServer(listen: "127.0.0.1:0", routes: routes)
    defer { server.stop() }
    var all = [Self.prefix + "schema.registry.url": server.url]
    for (name, value) in properties { all[Self.prefix + name] = value }
    let client = try ConverterSettings(all).registry.client(retries: .none)
    return try await client.send(.subjects).first ?? ""
  }

  @Test("is asked with the user and password of either name, or with the token")
  func credentials() async throws {
    #expect(try await authorization([:]) == "nothing")
    let info = ["basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "me:p:w"]
    #expect(try await authorization(info) == "Basic bWU6cDp3")
    #expect(
      try await authorization(["schema.registry.basic.auth.user.info": "me:pw"])
        == "Basic bWU6cHc=")
    #expect(
      try await authorization([
        "bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "secret",
      ]) == "Bearer secret")
  }

  @Test("names what is missing, doubled or not supported") func problems() {
    #expect(wrong([:]).isEmpty)
    #expect(wrong(["basic.auth.credentials.source": "USER_INFO"]) == ["basic.auth.user.info"])
    #expect(wrong(["basic.auth.user.info": "me"]) == ["basic.auth.user.info"])
    #expect(
      wrong(["basic.auth.credentials.source": "SASL_INHERIT"]) == ["basic.auth.credentials.source"])
    #expect(
      wrong(["bearer.auth.credentials.source": "OAUTHBEARER"]) == ["bearer.auth.credentials.source"]
    )
    #expect(wrong(["bearer.auth.credentials.source": "STATIC_TOKEN"]) == ["bearer.auth.token"])
    #expect(
      wrong(["basic.auth.user.info": "me:pw", "bearer.auth.token": "t"])
        == ["basic.auth.user.info", "bearer.auth.token"])
    #expect(
      wrong([
        "schema.registry.ssl.truststore.location": "/t",
        "schema.registry.ssl.truststore.type": "JKS",
      ]) == ["schema.registry.ssl.truststore.type"])
  }

  @Test("is not looked at where another converter asks no registry") func otherConverters() {
    let json = ConverterSettings.validate([
      "value.converter": "JsonConverter", "value.converter.basic.auth.user.info": "me",
    ])
    #expect(json.isEmpty)
  }
}
