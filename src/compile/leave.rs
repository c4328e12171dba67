//! How a Choice is left: with `Assign` and `Output` of the rule that matched, else with the state's.
//!
//! What several rules share is compiled once where a copy for each would make the program far longer than the
//! definition: thousands of rules, and an `Output` of a hundred kilobytes. Must not know tests. Invariant: however often
//! a template is shared, the code of its copies stays within [`COPIED_BYTES_MAX`].

use super::state::Labels;
use super::{Compiler, target};
use crate::asl::model::{Choice, State, Template};
use crate::program::{AssignId, Instruction, Pc, Rejoin, RejoinId, Source};

/// Bytes of the templates that rules share, times the rules, up to which each has a copy, which saves two jumps.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// What the rules share of their state.
struct Shared<'a> {
    state: &'a State,
    /// The values of `Assign`, where they are compiled once.
    values: Option<Part>,
    /// `Output`, where it is compiled once.
    output: Option<Part>,
    /// The variables of `Assign`.
    assign: Option<AssignId>,
}

/// Code that several rules run, and where each goes on behind it.
struct Part {
    entry: Pc,
    back: Vec<Pc>,
}

/// What a rule has of its own.
struct Own<'a> {
    /// Which one; `u32::MAX` is Default.
    rule: u32,
    assign: Option<&'a [(String, Template)]>,
    output: Option<&'a Template>,
    next: &'a str,
}

impl Compiler {
    /// Emits what follows the tests: what Default does, and behind it what each rule does where `matched` says.
    pub(super) fn leave(&mut self, state: &State, choice: &Choice, matched: &[Pc], labels: &Labels<'_>) {
        let mut shared = self.shared(state, choice);
        match &choice.default {
            None => self.code.emit(Instruction::NoChoice),
            Some(next) => {
                let own = Own {
                    rule: u32::MAX,
                    assign: None,
                    output: None,
                    next,
                };
                self.leave_by(&mut shared, &own, labels);
            }
        }
        for (index, rule) in choice.rules.iter().enumerate() {
            self.code.place(matched[index]);
            let own = Own {
                rule: index as u32,
                assign: rule.assign.as_deref(),
                output: rule.output.as_ref(),
                next: &rule.next,
            };
            self.leave_by(&mut shared, &own, labels);
        }
        if let Some(values) = shared.values {
            self.code.place(values.entry);
            self.assign_values(&state.assign, Source::Data);
            self.rejoin(values.back, state.assign.len());
        }
        if let Some(output) = shared.output {
            self.code.place(output.entry);
            self.output(state.output.as_ref());
            self.rejoin(output.back, 0);
        }
    }

    /// Decides what the rules, and Default, share.
    fn shared<'a>(&mut self, state: &'a State, choice: &Choice) -> Shared<'a> {
        let default = usize::from(choice.default.is_some());
        let without = |has: fn(&crate::asl::model::Rule) -> bool| {
            default + choice.rules.iter().filter(|rule| !has(rule)).count()
        };
        let assigned = state.assign.iter().map(|(_, template)| bytes_of(template)).sum();
        let put_out = state.output.as_ref().map_or(0, bytes_of);
        Shared {
            state,
            values: self.part(assigned, without(|rule| rule.assign.is_some())),
            output: self.part(put_out, without(|rule| rule.output.is_some())),
            assign: None,
        }
    }

    /// Makes a part of what would be copied too often.
    fn part(&mut self, bytes: usize, users: usize) -> Option<Part> {
        let is_copied = users < 2 || bytes.saturating_mul(users) <= COPIED_BYTES_MAX;
        (!is_copied).then(|| Part {
            entry: self.code.label(),
            back: Vec::new(),
        })
    }

    /// What a match does: Assign sees the effective input (facts 4.7).
    fn leave_by(&mut self, shared: &mut Shared<'_>, own: &Own<'_>, labels: &Labels<'_>) {
        let state = shared.state;
        if self.options.trace {
            self.code.emit(Instruction::Matched(own.rule));
        }
        if own.output.is_none() && state.output.is_none() {
            self.code.emit(Instruction::ResultData);
        }
        match (own.assign, &mut shared.values) {
            (None, Some(values)) => self.run_part(values),
            (assign, _) => self.assign_values(assign.unwrap_or(&state.assign), Source::Data),
        }
        match (own.output, &mut shared.output) {
            (None, Some(output)) => self.run_part(output),
            (output, _) => self.output(output.or(state.output.as_ref())),
        }
        self.output_path(&state.output_path);
        match own.assign {
            Some(assign) => self.assign(assign),
            None if state.assign.is_empty() => {}
            None => {
                let id = *shared
                    .assign
                    .get_or_insert_with(|| self.assignment(&state.assign));
                self.code.emit(Instruction::Assign(id));
            }
        }
        self.code.emit(Instruction::Exit(target(labels, own.next)));
    }

    /// Emits a way through a part and back.
    fn run_part(&mut self, part: &mut Part) {
        let place = self.constant(&part.back.len().to_string());
        let back = self.code.label();
        self.code.emit(Instruction::Constant(place));
        self.code.emit(Instruction::Jump(part.entry));
        self.code.place(back);
        part.back.push(back);
    }

    fn rejoin(&mut self, places: Vec<Pc>, operands: usize) {
        let id = RejoinId(self.program.rejoins.len() as u32);
        self.program.rejoins.push(Rejoin {
            places,
            operands: operands as u32,
        });
        self.code.emit(Instruction::Rejoin(id));
    }
}

/// Returns about how long a template is in the definition.
fn bytes_of(template: &Template) -> usize {
    match template {
        Template::Constant(json) => json.len(),
        Template::Jsonata(jsonata) => jsonata.text.len(),
        Template::Path { field, path } => field.len() + path.text.len(),
        Template::Call { field, call } => field.len() + call.text.len(),
        Template::Object(members) => members
            .iter()
            .map(|(key, member)| key.len() + bytes_of(member) + 6)
            .sum(),
        Template::Array(elements) => elements.iter().map(|element| bytes_of(element) + 3).sum(),
    }
}
