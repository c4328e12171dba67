//! Prometheus' text format, for what the exporter does not write.

use super::names::Metric;
use std::fmt::Write;

/// Writes a metric's description and type.
pub(super) fn write_header(out: &mut String, metric: &Metric) {
    let _ = writeln!(out, "# HELP {} {}", metric.name, metric.help);
    let _ = writeln!(out, "# TYPE {} {}", metric.name, metric.kind.word());
}

/// Writes one line.
pub(super) fn write_line(out: &mut String, metric: &Metric, labels: &[(&str, &str)], value: f64) {
    out.push_str(metric.name);
    if !labels.is_empty() {
        out.push('{');
        write_labels(out, labels);
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}

/// Writes labels without their braces.
pub(super) fn write_labels(out: &mut String, labels: &[(&str, &str)]) {
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(out, "{name}=\"");
        for character in value.chars() {
            match character {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                other => out.push(other),
            }
        }
        out.push('"');
    }
}
