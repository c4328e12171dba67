//! What a Map has besides its own fields: the processor's mode, and a distributed one's reader, batcher
//! and writer (facts 4.3).

use super::*;

/// `ProcessorConfig` of an inline Map.
pub(crate) const INLINE_CONFIG: Shape = Shape {
    fields: &[both("Mode", Kind::OneOf(&MODES))],
    required: &[],
    exclusive: &[],
};

/// `ProcessorConfig` of a distributed Map.
pub(crate) const DISTRIBUTED_CONFIG: Shape = Shape {
    fields: &[
        both("Mode", Kind::OneOf(&MODES)),
        both("ExecutionType", Kind::OneOf(&["STANDARD", "EXPRESS"])),
    ],
    required: &["ExecutionType"],
    exclusive: &[],
};

const MODES: [&str; 2] = ["INLINE", "DISTRIBUTED"];

/// The fields of a Map that only a distributed one has (facts 4.3).
pub(crate) const DISTRIBUTED_ONLY: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

/// `ItemReader` of a distributed Map.
pub(crate) const ITEM_READER: Shape = Shape {
    fields: &[
        both("Resource", Kind::Text),
        both("ReaderConfig", Kind::Object),
        PARAMETERS,
        ARGUMENTS,
    ],
    required: &["Resource"],
    exclusive: &[],
};

/// `ItemReader.ReaderConfig`.
pub(crate) const READER_CONFIG: Shape = Shape {
    fields: &[
        both("InputType", Kind::Text),
        both("CSVHeaderLocation", Kind::OneOf(&["FIRST_ROW", "GIVEN"])),
        both("CSVHeaders", Kind::Array),
        both("CSVDelimiter", Kind::Text),
        both("Transformation", Kind::Text),
        both("ManifestType", Kind::Text),
        both("ExpectedBucketOwner", Kind::Text),
        both("ItemsPointer", Kind::Text),
        dynamic("MaxItems", integer(0, COUNT_MAX)),
        json_path("MaxItemsPath", VALUE_REFERENCE),
    ],
    required: &[],
    exclusive: &[one_of(&["MaxItems", "MaxItemsPath"])],
};

/// `ItemBatcher` of a distributed Map.
pub(crate) const ITEM_BATCHER: Shape = Shape {
    fields: &[
        both("BatchInput", Kind::Template),
        dynamic("MaxItemsPerBatch", integer(1, COUNT_MAX)),
        json_path("MaxItemsPerBatchPath", VALUE_REFERENCE),
        dynamic("MaxInputBytesPerBatch", integer(1, COUNT_MAX)),
        json_path("MaxInputBytesPerBatchPath", VALUE_REFERENCE),
    ],
    required: &[],
    exclusive: &[
        one_of(&["MaxItemsPerBatch", "MaxItemsPerBatchPath"]),
        one_of(&["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"]),
    ],
};

/// `ResultWriter` of a distributed Map.
pub(crate) const RESULT_WRITER: Shape = Shape {
    fields: &[
        both("Resource", Kind::Text),
        both("WriterConfig", Kind::Object),
        PARAMETERS,
        ARGUMENTS,
    ],
    required: &[],
    exclusive: &[],
};

/// `ResultWriter.WriterConfig`.
pub(crate) const WRITER_CONFIG: Shape = Shape {
    fields: &[
        both("OutputType", Kind::OneOf(&["JSON", "JSONL"])),
        both("Transformation", Kind::OneOf(&["NONE", "COMPACT", "FLATTEN"])),
    ],
    required: &["OutputType"],
    exclusive: &[],
};
