//! Map states: the processor's mode, and what only a distributed Map has (facts 1.3, 4.3).

use crate::asl::fields;
use crate::asl::place::Place;
use crate::asl::syntax::Node;

use super::object::Language;
use super::{Checker, Spot};

impl Checker<'_> {
    /// Checks the `ProcessorConfig` of a Map's processor.
    pub(super) fn processor_config(&mut self, processor: &Node, place: &Place<'_>, language: Language) {
        let Some(config) = processor.get("ProcessorConfig") else {
            return;
        };
        let place = place.key("ProcessorConfig");
        let distributed = is_distributed(processor);
        let shape = if distributed {
            &fields::DISTRIBUTED_CONFIG
        } else {
            &fields::INLINE_CONFIG
        };
        self.object(config, &place, shape, language);
        if let Some(mode) = config.get("Mode")
            && distributed
            && self.is_express()
        {
            let message =
                "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
            self.schema(Spot::at(&place.key("Mode"), &mode.span), message);
        }
    }

    /// Checks the fields that only a distributed Map has.
    pub(super) fn distributed_fields(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        let processor = state.get("ItemProcessor").or_else(|| state.get("Iterator"));
        if let Some(processor) = processor
            && !is_distributed(processor)
        {
            for name in fields::DISTRIBUTED_ONLY {
                if let Some(member) = state.member(name) {
                    let spot = Spot::within(place, &place.key(name), &member.key_span);
                    let diagnostic = self.schema(spot, format!("Field '{name}' is not supported"));
                    diagnostic.help = Some("only a Map with `Mode` `DISTRIBUTED` has it".to_owned());
                }
            }
            return;
        }
        if let Some(reader) = state.get("ItemReader") {
            self.item_reader(reader, &place.key("ItemReader"), language);
        }
        if let Some(batcher) = state.get("ItemBatcher") {
            self.object(
                batcher,
                &place.key("ItemBatcher"),
                &fields::ITEM_BATCHER,
                language,
            );
        }
        if let Some(writer) = state.get("ResultWriter") {
            let place = place.key("ResultWriter");
            self.object(writer, &place, &fields::RESULT_WRITER, language);
            if let Some(config) = writer.get("WriterConfig") {
                self.object(
                    config,
                    &place.key("WriterConfig"),
                    &fields::WRITER_CONFIG,
                    language,
                );
            }
        }
    }

    fn item_reader(&mut self, reader: &Node, place: &Place<'_>, language: Language) {
        self.object(reader, place, &fields::ITEM_READER, language);
        if let Some(resource) = reader.get("Resource")
            && !resource.as_text().is_some_and(is_reader)
        {
            let message = "The field 'Resource' does not match any of the allowed values";
            self.schema(Spot::at(&place.key("Resource"), &resource.span), message);
        }
        let Some(config) = reader.get("ReaderConfig") else {
            return;
        };
        let place = place.key("ReaderConfig");
        self.object(config, &place, &fields::READER_CONFIG, language);
        self.reader_config(config, &place);
    }

    /// Checks what a reader's configuration must and must not have for its type of input (facts 7.1).
    fn reader_config(&mut self, config: &Node, place: &Place<'_>) {
        let text = |name: &str| config.get(name).and_then(Node::as_text);
        let has = |name: &str| config.get(name).is_some();
        let mut missing = |name: &str| {
            self.schema(
                Spot::at(place, &config.span),
                format!("The field '{name}' is required"),
            );
        };
        // What a manifest lists is as its type says; an inventory needs none.
        let needs_type =
            text("Transformation") == Some("LOAD_AND_FLATTEN") || text("ManifestType") == Some("ATHENA_DATA");
        if needs_type && !has("InputType") {
            missing("InputType");
        }
        if text("InputType") == Some("CSV") && !has("CSVHeaderLocation") {
            missing("CSVHeaderLocation");
        }
        let foreign: &[&str] = match text("InputType") {
            Some("JSON") => &["ManifestType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"],
            Some("JSONL" | "PARQUET") => &["CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"],
            _ => &[],
        };
        for name in foreign {
            if let Some(member) = config.member(name) {
                let spot = Spot::within(place, &place.key(name), &member.key_span);
                self.schema(spot, format!("Field '{name}' is not supported"));
            }
        }
        if text("CSVHeaderLocation") == Some("GIVEN") && !has("CSVHeaders") {
            self.schema(
                Spot::at(place, &config.span),
                "These fields are required: [CSVHeaders]",
            );
        }
    }
}

/// Says whether a processor's mode is `DISTRIBUTED`.
pub(crate) fn is_distributed(processor: &Node) -> bool {
    let mode = processor
        .get("ProcessorConfig")
        .and_then(|config| config.get("Mode"));
    mode.and_then(Node::as_text) == Some("DISTRIBUTED")
}

/// The integrations that an item reader may call, in any partition.
fn is_reader(arn: &str) -> bool {
    let rest = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(':'));
    rest.is_some_and(|(_, rest)| matches!(rest, "states:::s3:getObject" | "states:::s3:listObjectsV2"))
}
