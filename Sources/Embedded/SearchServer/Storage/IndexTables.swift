import SQLite

/// The tables of one index's file.
///
/// `version` is the truth about which documents there are: id → number, or none where the document
/// was deleted (kept for ever, so that a late write with a lower version still conflicts).
/// `doc` and `col` are keyed by the number, `ft_N` is the full-text table of the text field with
/// slot N; column `cN` of `col` holds a leaf's values, or a text field's length.
enum IndexTables {
  static let layout = [
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE version (
      id TEXT PRIMARY KEY,
      d INTEGER,
      version INTEGER NOT NULL,
      seq INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE doc (d INTEGER PRIMARY KEY, id TEXT NOT NULL, routing TEXT, source TEXT NOT NULL);
    CREATE TABLE col (d INTEGER PRIMARY KEY);
    """
  ]

  static func fullText(_ slot: Int) -> String {
    """
    CREATE VIRTUAL TABLE ft_\(slot) USING fts5(
      t, content='', columnsize=0, tokenize="ascii tokenchars '\(tokenCharacters)'");
    CREATE VIRTUAL TABLE terms_\(slot) USING fts5vocab(ft_\(slot), 'instance');
    """
  }

  /// Every ASCII character but the space belongs to a term, as terms arrive analyzed. As the
  /// option's value wants them: a quote in it is doubled; a double quote too, as the whole
  /// argument stands between double quotes.
  private static let tokenCharacters: String = {
    let bytes = (UInt8(1)..<128).filter { byte in
      byte != 0x20 && !isAlphanumeric(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
      .replacing("'", with: "''").replacing("\"", with: "\"\"")
  }()

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || (byte | 0x20) &- 97 < 26
  }
}
