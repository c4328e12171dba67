//! Choice rules: jumps, or one look-up where many rules compare one variable with constants.

use super::Compiler;
use super::state::Labels;
use crate::asl::model::{self, Choice, Comparison, OrPath, State, Test, TypeTest};
use crate::path::Path;
use crate::program::{self, Instruction, Pattern, Pc, Relation, Source, Switch, SwitchId, TestId};
use crate::value::{compare_numbers, plain_number};
use rustc_hash::FxHashMap;

/// Fewest rules in a row that are worth a table.
const SWITCH_RULES_MIN: usize = 4;

impl Compiler {
    /// Compiles a Choice: the tests in order, then what each rule does when it matches.
    pub(super) fn choice(&mut self, state: &State, choice: &Choice, labels: &Labels<'_>) {
        let matched: Vec<Pc> = choice.rules.iter().map(|_| self.code.label()).collect();
        self.gather_choice(choice);
        let mut at = 0;
        while at < choice.rules.len() {
            let run = switch_run(&choice.rules[at..]);
            if run >= SWITCH_RULES_MIN && !self.options.trace {
                self.switch(&choice.rules[at..at + run], &matched[at..at + run]);
                at += run;
            } else {
                self.jump_if(&choice.rules[at].test, matched[at]);
                at += 1;
            }
        }
        self.gathering = None;
        self.leave(state, choice, &matched, labels);
    }

    /// Emits code that goes to `target` if the test holds and falls through otherwise.
    fn jump_if(&mut self, test: &Test, target: Pc) {
        match test {
            Test::Compare { variable, comparison } => {
                let id = self.test(variable, comparison);
                self.code.emit(Instruction::If(id, target));
            }
            Test::Jsonata(jsonata) => {
                let id = self.jsonata(jsonata);
                self.code.emit(Instruction::Condition(id, target));
            }
            Test::Literal(true) => self.code.emit(Instruction::Jump(target)),
            Test::Literal(false) => {}
            Test::Or(tests) => tests.iter().for_each(|test| self.jump_if(test, target)),
            Test::Not(test) => self.jump_unless(test, target),
            Test::And(tests) => {
                let Some((last, first)) = tests.split_last() else {
                    return;
                };
                let fails = self.code.label();
                first.iter().for_each(|test| self.jump_unless(test, fails));
                self.jump_if(last, target);
                self.code.place(fails);
            }
        }
    }

    /// Emits code that goes to `target` unless the test holds and falls through otherwise.
    fn jump_unless(&mut self, test: &Test, target: Pc) {
        match test {
            Test::Compare { variable, comparison } => {
                let id = self.test(variable, comparison);
                self.code.emit(Instruction::Unless(id, target));
            }
            // A condition stands alone in its rule.
            Test::Jsonata(_) | Test::Literal(_) => {}
            Test::And(tests) => tests.iter().for_each(|test| self.jump_unless(test, target)),
            Test::Not(test) => self.jump_if(test, target),
            Test::Or(tests) => {
                let Some((last, first)) = tests.split_last() else {
                    return;
                };
                let holds = self.code.label();
                first.iter().for_each(|test| self.jump_if(test, holds));
                self.jump_unless(last, target);
                self.code.place(holds);
            }
        }
    }

    fn test(&mut self, variable: &Path, comparison: &Comparison) -> TestId {
        let variable = self.path(variable, Source::Data, "Variable");
        let comparison = self.comparison(comparison);
        let id = TestId(self.program.tests.len() as u32);
        self.program.tests.push(program::Test { variable, comparison });
        id
    }

    fn comparison(&mut self, comparison: &Comparison) -> program::Comparison {
        use program::Comparison as To;
        let mut operand = |path: &Path| self.path(path, Source::Data, "Variable");
        match comparison {
            Comparison::String(of, OrPath::Path(path)) => To::StringPath {
                relation: relation(*of),
                operand: operand(path),
            },
            Comparison::Numeric(of, OrPath::Path(path)) => To::NumericPath {
                relation: relation(*of),
                operand: operand(path),
            },
            Comparison::Timestamp(of, OrPath::Path(path)) => To::TimestampPath {
                relation: relation(*of),
                operand: operand(path),
            },
            Comparison::Boolean(OrPath::Path(path)) => To::BooleanPath(operand(path)),
            Comparison::String(of, OrPath::Literal(text)) => To::String {
                relation: relation(*of),
                operand: text.as_str().into(),
            },
            Comparison::Numeric(of, OrPath::Literal(text)) => To::Numeric {
                relation: relation(*of),
                operand: self.constant(text),
                plain: plain_number(text.as_bytes()),
            },
            Comparison::Timestamp(of, OrPath::Literal(text)) => To::Timestamp {
                relation: relation(*of),
                operand: crate::timestamp::parse(text).unwrap_or_default(),
            },
            Comparison::Boolean(OrPath::Literal(value)) => To::Boolean(*value),
            Comparison::StringMatches(pattern) => To::Matches(Pattern::parse(pattern)),
            Comparison::Is(TypeTest::Null, wanted) => To::IsNull(*wanted),
            Comparison::Is(TypeTest::Present, wanted) => To::IsPresent(*wanted),
            Comparison::Is(TypeTest::Numeric, wanted) => To::IsNumeric(*wanted),
            Comparison::Is(TypeTest::String, wanted) => To::IsString(*wanted),
            Comparison::Is(TypeTest::Boolean, wanted) => To::IsBoolean(*wanted),
            Comparison::Is(TypeTest::Timestamp, wanted) => To::IsTimestamp(*wanted),
        }
    }

    fn switch(&mut self, rules: &[model::Rule], matched: &[Pc]) {
        let Some(variable) = rules
            .first()
            .and_then(|rule| constant_rule(&rule.test))
            .map(|(path, _)| path.clone())
        else {
            return;
        };
        let mut strings = FxHashMap::default();
        let mut numbers: Vec<(f64, crate::value::ValueRef, Pc)> = Vec::new();
        for (rule, &place) in rules.iter().zip(matched) {
            match constant_rule(&rule.test) {
                Some((_, Constant::Text(text))) => {
                    strings.entry(text.into()).or_insert(place);
                }
                Some((_, Constant::Number(text, value))) => {
                    let constant = self.constant(text);
                    if numbers.iter().all(|known| known.0 != value) {
                        numbers.push((value, constant, place));
                    }
                }
                None => {}
            }
        }
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let variable = self.path(&variable, Source::Data, "Variable");
        let otherwise = self.code.label();
        let id = SwitchId(self.program.switches.len() as u32);
        self.program.switches.push(Switch {
            variable,
            strings,
            numbers,
            otherwise,
        });
        self.code.emit(Instruction::Switch(id));
        self.code.place(otherwise);
    }
}

/// What a rule that can be part of a table compares with.
enum Constant<'a> {
    Text(&'a str),
    Number(&'a str, f64),
}

/// Returns how many of the rules, from the first on, compare one variable with a constant each.
fn switch_run(rules: &[model::Rule]) -> usize {
    let Some((first, _)) = rules.first().and_then(|rule| constant_rule(&rule.test)) else {
        return 0;
    };
    rules
        .iter()
        .take_while(|rule| constant_rule(&rule.test).is_some_and(|(path, _)| path.text == first.text))
        .count()
}

fn constant_rule(test: &Test) -> Option<(&Path, Constant<'_>)> {
    let Test::Compare { variable, comparison } = test else {
        return None;
    };
    let constant = match comparison {
        Comparison::String(model::Relation::Equals, OrPath::Literal(text)) => Constant::Text(text),
        Comparison::Numeric(model::Relation::Equals, OrPath::Literal(text)) => {
            let value: f64 = text.parse().ok()?;
            // Only numbers that an f64 holds exactly: the table finds by f64, then compares exactly.
            let exact = compare_numbers(format!("{value}").as_bytes(), text.as_bytes()).is_eq();
            exact.then_some(Constant::Number(text, value))?
        }
        _ => return None,
    };
    Some((variable, constant))
}

fn relation(relation: model::Relation) -> Relation {
    match relation {
        model::Relation::Equals => Relation::Equals,
        model::Relation::LessThan => Relation::LessThan,
        model::Relation::GreaterThan => Relation::GreaterThan,
        model::Relation::LessThanEquals => Relation::LessThanEquals,
        model::Relation::GreaterThanEquals => Relation::GreaterThanEquals,
    }
}
