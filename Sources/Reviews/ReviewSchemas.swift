/// The Avro schemas of the pipeline's two topics, as in `mappings/avro`; a test keeps them equal.
public enum ReviewSchemas {
  /// `opine.Review`, the values of `reviews.raw`.
  public static let review = #"""
    {
      "type": "record",
      "name": "Review",
      "namespace": "opine",
      "doc": "A review as its source has it, before scoring.",
      "fields": [
        {
          "name": "review_id",
          "type": "string",
          "doc": "The source's id of the review; the record's key."
        },
        {
          "name": "source",
          "type": "string",
          "default": "",
          "doc": "Where the review came from; empty where unknown."
        },
        {"name": "user_id", "type": ["null", "string"], "default": null, "doc": "Who wrote it."},
        {
          "name": "business_id",
          "type": ["null", "string"],
          "default": null,
          "doc": "What it is about."
        },
        {
          "name": "title",
          "type": ["null", "string"],
          "default": null,
          "doc": "The headline, where the source has one."
        },
        {"name": "text", "type": "string", "doc": "The review itself."},
        {
          "name": "language",
          "type": ["null", "string"],
          "default": null,
          "doc": "BCP 47 tag of the text's language, where known."
        },
        {
          "name": "stars",
          "type": ["null", "double"],
          "default": null,
          "doc": "The writer's rating, 1 to 5."
        },
        {"name": "useful", "type": "int", "default": 0, "doc": "How many readers found it useful."},
        {"name": "funny", "type": "int", "default": 0, "doc": "How many readers found it funny."},
        {"name": "cool", "type": "int", "default": 0, "doc": "How many readers found it cool."},
        {
          "name": "created_at",
          "type": {"type": "long", "logicalType": "timestamp-millis"},
          "doc": "When it was written, UTC; ingested_at where the source has no date."
        },
        {
          "name": "updated_at",
          "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
          "default": null,
          "doc": "When it was last edited, UTC."
        },
        {
          "name": "ingested_at",
          "type": {"type": "long", "logicalType": "timestamp-millis"},
          "doc": "When it was read from its source, UTC."
        }
      ]
    }

    """#

  /// `opine.ScoredReview`, the values of `reviews.scored`.
  public static let scoredReview = #"""
    {
      "type": "record",
      "name": "ScoredReview",
      "namespace": "opine",
      "doc": "A review with its sentiment, and where its raw record stands.",
      "fields": [
        {
          "name": "review_id",
          "type": "string",
          "doc": "The source's id of the review; the record's key."
        },
        {
          "name": "source",
          "type": "string",
          "default": "",
          "doc": "Where the review came from; empty where unknown."
        },
        {"name": "user_id", "type": ["null", "string"], "default": null, "doc": "Who wrote it."},
        {
          "name": "business_id",
          "type": ["null", "string"],
          "default": null,
          "doc": "What it is about."
        },
        {
          "name": "title",
          "type": ["null", "string"],
          "default": null,
          "doc": "The headline, where the source has one."
        },
        {"name": "text", "type": "string", "doc": "The review itself."},
        {
          "name": "language",
          "type": ["null", "string"],
          "default": null,
          "doc": "BCP 47 tag of the text's language, where known."
        },
        {
          "name": "stars",
          "type": ["null", "double"],
          "default": null,
          "doc": "The writer's rating, 1 to 5."
        },
        {"name": "useful", "type": "int", "default": 0, "doc": "How many readers found it useful."},
        {"name": "funny", "type": "int", "default": 0, "doc": "How many readers found it funny."},
        {"name": "cool", "type": "int", "default": 0, "doc": "How many readers found it cool."},
        {
          "name": "created_at",
          "type": {"type": "long", "logicalType": "timestamp-millis"},
          "doc": "When it was written, UTC; ingested_at where the source has no date."
        },
        {
          "name": "updated_at",
          "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
          "default": null,
          "doc": "When it was last edited, UTC."
        },
        {
          "name": "ingested_at",
          "type": {"type": "long", "logicalType": "timestamp-millis"},
          "doc": "When it was read from its source, UTC."
        },
        {
          "name": "sentiment_label",
          "type": {
            "type": "enum",
            "name": "sentiment_label",
            "symbols": ["NEGATIVE", "NEUTRAL", "POSITIVE"]
          },
          "doc": "NEUTRAL inside the model's calibrated band."
        },
        {"name": "sentiment_score", "type": "double", "doc": "-1 (negative) to 1 (positive)."},
        {
          "name": "sentiment_confidence",
          "type": "double",
          "doc": "0 to 1: the probability of the label."
        },
        {"name": "p_negative", "type": "double", "doc": "Probability of NEGATIVE; the three add to 1."},
        {"name": "p_neutral", "type": "double", "doc": "Probability of NEUTRAL."},
        {"name": "p_positive", "type": "double", "doc": "Probability of POSITIVE."},
        {
          "name": "topics",
          "type": {"type": "array", "items": "string"},
          "default": [],
          "doc": "What the text speaks of."
        },
        {
          "name": "topic",
          "type": ["null", "string"],
          "default": null,
          "doc": "The strongest of the topics."
        },
        {
          "name": "explanation",
          "type": {
            "type": "array",
            "items": {
              "type": "record",
              "name": "term_weight",
              "fields": [
                {"name": "term", "type": "string", "doc": "A term of the text."},
                {"name": "weight", "type": "double", "doc": "What it added to the score, signed."}
              ]
            }
          },
          "default": [],
          "doc": "The terms that decided the score."
        },
        {"name": "text_length", "type": "int", "doc": "Characters (Unicode code points) of the text."},
        {"name": "word_count", "type": "int", "doc": "Words of the text, as the model counts them."},
        {"name": "model_id", "type": "string", "doc": "The model that scored it."},
        {"name": "model_version", "type": "string", "doc": "That model's version."},
        {
          "name": "degraded",
          "type": "boolean",
          "default": false,
          "doc": "Whether a simpler model stood in for the wanted one."
        },
        {
          "name": "scored_at",
          "type": {"type": "long", "logicalType": "timestamp-millis"},
          "doc": "When it was scored, UTC."
        },
        {"name": "source_topic", "type": "string", "doc": "Topic of the raw record."},
        {"name": "source_partition", "type": "int", "doc": "Partition of the raw record."},
        {"name": "source_offset", "type": "long", "doc": "Offset of the raw record."},
        {
          "name": "source_schema_id",
          "type": "int",
          "doc": "Registry id of the schema that the raw record was written with."
        },
        {
          "name": "doc_version",
          "type": "long",
          "doc": "min(updated_at or else created_at, ingested_at), in milliseconds since 1970."
        }
      ]
    }

    """#
}
