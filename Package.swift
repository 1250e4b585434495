// swift-tools-version: 6.0
// The package builds offline: no package beyond the toolchain's own, C and C++ libraries from the distribution.

import PackageDescription

/// Strictness that every Swift target shares.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .unsafeFlags(["-warnings-as-errors"]),
  // Exclusive access is checked in debug builds, which the tests are; at run time it costs the sink 5 %.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// One of our own libraries.
func library(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", swiftSettings: strict)
}

func platform(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  library(name, path: "Sources/Platform/\(name)", dependencies)
}

/// A C library of the distribution: a module map and a shim header.
func system(_ name: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/CLibraries/\(name)", pkgConfig: pkgConfig,
    providers: [.apt([apt]), .brew([brew])])
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude,
    swiftSettings: strict)
}

let package = Package(
  name: "opine",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "opine", targets: ["opine"])],
  targets: [
    // C libraries, each imported by exactly one target.
    system("CRdKafka", "rdkafka", apt: "librdkafka-dev", brew: "librdkafka"),
    system("CCurl", "libcurl", apt: "libcurl4-openssl-dev", brew: "curl"),
    system("CAvro", "avro-c", apt: "libavro-dev", brew: "avro-c"),
    system("CMicrohttpd", "libmicrohttpd", apt: "libmicrohttpd-dev", brew: "libmicrohttpd"),
    system("CSQLite", "sqlite3", apt: "libsqlite3-dev", brew: "sqlite"),
    system("CYAML", "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),
    system("CZlib", "zlib", apt: "zlib1g-dev", brew: "zlib"),
    system("CCrypto", "libcrypto", apt: "libssl-dev", brew: "openssl@3"),
    .systemLibrary(name: "CMalloc", path: "Sources/CLibraries/CMalloc"),
    .target(
      name: "CSimdJSON", path: "Sources/CLibraries/CSimdJSON",
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
      name: "CModel", path: "Sources/CLibraries/CModel", exclude: ["linear.model", "MODEL_CARD.md"]),
    .target(name: "CMappings", path: "Sources/CLibraries/CMappings"),
    .target(name: "CThreads", path: "Sources/CLibraries/CThreads"),

    // Platform: nothing here is special to reviews.
    platform("Telemetry"),
    platform("Bytes", ["CZlib", "CCrypto"]),
    platform("Scheduling"),
    platform("JSON", ["CSimdJSON", "Bytes"]),
    platform("SQLite", ["CSQLite"]),
    platform("HTTPClient", ["CCurl", "Bytes", "Telemetry"]),
    platform("HTTPServer", ["CMicrohttpd", "Bytes", "Telemetry"]),
    platform("Configuration", ["CYAML"]),

    // The pipeline, left to right.
    library("Kafka", ["CRdKafka", "CThreads", "Bytes", "Scheduling", "Telemetry"]),
    library("Avro", ["CAvro", "JSON", "Bytes"]),
    library("SchemaRegistry", ["Avro", "HTTPClient", "JSON", "Bytes", "Telemetry"]),
    library("Elasticsearch", ["HTTPClient", "JSON", "Bytes"]),
    library("Reviews", ["Avro", "JSON", "Bytes"]),
    library(
      "Connect",
      [
        "Kafka", "SchemaRegistry", "Avro", "HTTPClient", "HTTPServer", "Configuration", "JSON",
        "SQLite", "Bytes", "Scheduling", "Telemetry",
      ]),
    library(
      "Ingest",
      [
        "Kafka", "SchemaRegistry", "Reviews", "Avro", "JSON", "SQLite", "Bytes", "Scheduling",
        "Telemetry",
      ]),
    library(
      "Enrich",
      [
        "Connect", "Kafka", "SchemaRegistry", "Avro", "Reviews", "CModel", "JSON", "Bytes",
        "Scheduling", "Telemetry",
      ]),
    library(
      "ESSink",
      [
        "Connect", "Kafka", "Avro", "Elasticsearch", "HTTPClient", "JSON", "Bytes", "Scheduling",
        "Telemetry",
      ]),

    // Servers of our own.
    library(
      "RegistryServer", path: "Sources/Embedded/RegistryServer",
      ["Avro", "HTTPServer", "SQLite", "JSON", "Bytes", "Telemetry"]),
    library(
      "SearchServer", path: "Sources/Embedded/SearchServer",
      ["HTTPServer", "SQLite", "JSON", "Bytes", "Telemetry"]),
    library(
      "DevStack", path: "Sources/Embedded/DevStack",
      ["Kafka", "RegistryServer", "SearchServer", "JSON"]),

    .executableTarget(
      name: "opine",
      dependencies: [
        "Avro", "Ingest", "Enrich", "ESSink", "RegistryServer", "SearchServer", "DevStack",
        "Configuration",
        "CMappings",
        "Reviews", "Elasticsearch", "Connect", "Kafka", "SchemaRegistry", "HTTPClient",
        "HTTPServer",
        "JSON", "Bytes", "Telemetry", "Scheduling", "CMalloc",
      ],
      path: "Sources/opine", swiftSettings: strict),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Avro", "Enrich", "Ingest", "Reviews", "Bytes", "HTTPClient", "RegistryServer",
        "SearchServer", "SchemaRegistry", "Scheduling", "CMappings",
      ],
      path: "Benchmarks", exclude: ["sink.py"], swiftSettings: strict),

    .target(
      name: "TestKafka", dependencies: ["Kafka", "Scheduling", "CRdKafka"], path: "Tests/TestKafka",
      swiftSettings: strict),
    tests("BytesTests", ["Bytes"]),
    tests("JSONTests", ["JSON", "Scheduling"]),
    tests("SQLiteTests", ["SQLite"]),
    tests("HTTPTests", ["HTTPClient", "HTTPServer"]),
    tests(
      "AvroTests", ["Avro", "Bytes", "CAvro", "Scheduling"], exclude: ["fastavro_oracle.py"]),
    tests("TelemetryTests", ["Telemetry"]),
    tests("SchemaRegistryTests", ["SchemaRegistry", "RegistryServer", "HTTPServer"]),
    tests("KafkaTests", ["Kafka", "TestKafka", "CRdKafka"]),
    tests(
      "ConnectTests",
      [
        "Connect", "HTTPClient", "HTTPServer", "JSON", "Kafka", "Scheduling", "Telemetry",
        "TestKafka",
      ]),
    tests(
      "ESSinkTests",
      [
        "ESSink", "Connect", "Elasticsearch", "HTTPClient", "HTTPServer", "Kafka", "JSON", "Bytes",
        "Scheduling", "Telemetry", "TestKafka",
      ]),
    tests("ReviewsTests", ["Reviews", "Avro", "Bytes", "Scheduling"]),
    tests("IngestTests", ["Avro", "Bytes", "Ingest", "Reviews"]),
    tests(
      "EnrichTests",
      [
        "Enrich", "Connect", "Kafka", "Reviews", "Avro", "Bytes", "Scheduling", "Telemetry",
        "TestKafka", "CRdKafka",
      ]),
    tests(
      "SearchServerTests", ["SearchServer", "Elasticsearch", "HTTPClient", "JSON", "Bytes"]),
    tests(
      "CommandLineTests",
      [
        "opine", "Avro", "Bytes", "CMappings", "Configuration", "Connect", "ESSink",
        "Elasticsearch", "Enrich", "HTTPClient", "HTTPServer", "Ingest", "JSON", "Kafka",
        "RegistryServer", "Reviews", "SchemaRegistry", "TestKafka",
      ]),
    tests("TidyTests", []),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x,
  cxxLanguageStandard: .cxx17
)
