/// Schemas that several suites use.
enum TestSchemas {
  static let review = """
    {"type":"record","name":"Review","namespace":"opine","fields":[
    {"name":"review_id","type":"string"},
    {"name":"source","type":"string","default":""},
    {"name":"user_id","type":["null","string"],"default":null},
    {"name":"business_id","type":["null","string"],"default":null},
    {"name":"title","type":["null","string"],"default":null},
    {"name":"text","type":"string"},
    {"name":"language","type":["null","string"],"default":null},
    {"name":"stars","type":["null","double"],"default":null},
    {"name":"useful","type":"int","default":0},
    {"name":"created_at","type":{"type":"long","logicalType":"timestamp-millis"}}]}
    """

  static let complex = """
    {"type":"record","name":"Node","namespace":"t","fields":[
    {"name":"next","type":["null","Node"]},
    {"name":"kids","type":{"type":"array","items":"Node"}},
    {"name":"tags","type":{"type":"map","values":["null","string","double",
      {"type":"array","items":"long"}]}},
    {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B","C"]}},
    {"name":"hash","type":{"type":"fixed","name":"Hash","size":4}},
    {"name":"raw","type":"bytes"},
    {"name":"ok","type":"boolean"},
    {"name":"ratio","type":"float"},
    {"name":"count","type":"int"},
    {"name":"nothing","type":"null"},
    {"name":"empty","type":{"type":"array","items":"null"}},
    {"name":"inner","type":{"type":"record","name":"Inner","fields":[
      {"name":"kind","type":"Kind"},{"name":"score","type":"double"}]}}]}
    """
}
