import Testing

@testable import Bytes

@Suite struct HexAndBase64 {
  @Test func hexRoundTripsAndRefusesOddOrForeignDigits() {
    #expect(Hex.encode([0, 0x1f, 0xff]) == "001fff")
    #expect(Hex.decode("001FfF") == [0, 0x1f, 0xff])
    #expect(Hex.decode("0") == nil)
    #expect(Hex.decode("0g") == nil)
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64FollowsTheVectorsOfRFC4648(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }
}

@Suite struct Hashes {
  @Test func digestsMatchPublishedVectors() {
    #expect(Hex.encode(Digest.md5([])) == "d41d8cd98f00b204e9800998ecf8427e")
    #expect(Hex.encode(Digest.md5(Array("abc".utf8))) == "900150983cd24fb0d6963f7d28e17f72")
    #expect(
      Hex.encode(Digest.sha256(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func fnvMatchesPublishedVectorsAndChains() {
    let whole = Array("foobar".utf8).withUnsafeBytes { Hash64.fnv1a($0) }
    #expect(whole == 0x8594_4171_f739_67e8)
    let half = Array("foo".utf8).withUnsafeBytes { Hash64.fnv1a($0) }
    #expect(Array("bar".utf8).withUnsafeBytes { Hash64.fnv1a($0, from: half) } == whole)
  }

  @Test func mixingKeepsZeroAndSpreadsOne() {
    #expect(Hash64.mixed(0) == 0)
    #expect(Hash64.mixed(1) == 0xb456_bcfc_34c2_cb2c)
  }

  @Test func tokensHaveTheirLengthAndDiffer() {
    #expect(RandomBytes.hexToken(byteCount: 8).count == 16)
    #expect(RandomBytes.hexToken() != RandomBytes.hexToken())
  }
}

@Suite struct Buffers {
  @Test(arguments: [
    0, 7, -7, 10, 99, 100, Int64.max, Int64.min, 1_000_000_000_000_000_000, -999,
  ])
  func decimalsAreWrittenExactly(number: Int64) {
    var buffer = ByteBuffer()
    buffer.append(decimal: number)
    #expect(String(decoding: buffer.toArray(), as: UTF8.self) == String(number))
  }

  @Test func truncatingTakesBackWhatWasAppended() {
    var buffer = ByteBuffer(capacity: 1)
    buffer.append("kept")
    let mark = buffer.count
    for _ in 0..<1000 { buffer.append(utf8: "dropped") }
    buffer.truncate(to: mark)
    #expect(buffer.toArray() == Array("kept".utf8))
  }
}
