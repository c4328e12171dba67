//! Grown material: JSON values, and paths, intrinsic calls and Choice rules that look into them.
//!
//! Names and shapes are few, so that paths often hit, and often meet what they were not meant for. Objects stand in
//! no array but `items`, and only paths that mean to look into those: a name that is looked up in an array is where the
//! languages always differ.

use serde_json::{Value, json};

/// Reproducible random numbers.
pub(crate) struct Grower(u64);

/// Names of members; one needs quotes.
const NAMES: [&str; 5] = ["a", "b", "c", "x-y", "in"];

const TEXTS: [&str; 7] = ["", "a", "Ann", "a,b;c", "log-1.txt", "2024-05-01T12:00:00Z", "12"];

impl Grower {
    pub(crate) fn new(seed: u64) -> Grower {
        Grower(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    /// Grows an input: an object, mostly with a list of objects.
    pub(crate) fn input(&mut self) -> Value {
        let mut input = self.object(3);
        for name in NAMES {
            if input.get(name).is_none() {
                input[name] = self.value(2);
            }
        }
        if self.below(2) == 0 {
            let count = self.below(4);
            input["items"] = (0..count).map(|_| self.object(1)).collect();
        }
        input
    }

    fn object(&mut self, depth: u32) -> Value {
        let mut object = json!({});
        for _ in 0..self.below(4) + 1 {
            let name = self.pick(&NAMES);
            object[name] = self.value(depth);
        }
        object
    }

    fn value(&mut self, depth: u32) -> Value {
        let kinds = if depth == 0 { 4 } else { 7 };
        match self.below(kinds) {
            0 => json!(self.below(20) as i64 - 5),
            1 => json!(self.pick(&TEXTS)),
            2 => json!(self.below(2) == 0),
            3 => [json!(null), json!(2.5), json!(0)][self.below(3) as usize].clone(),
            4 => (0..self.below(4)).map(|_| self.value(0)).collect(),
            _ => self.object(depth - 1),
        }
    }

    fn name(&mut self) -> String {
        match self.pick(&NAMES) {
            "x-y" => "['x-y']".to_owned(),
            name => format!(".{name}"),
        }
    }

    /// Grows a path of names and indices.
    fn reference(&mut self) -> String {
        let mut path = "$".to_owned();
        for _ in 0..self.below(9) / 6 + 1 {
            path += &self.name();
            if self.below(5) == 0 {
                path += &format!("[{}]", self.below(4) as i64 - 1);
            }
        }
        path
    }

    /// Grows any path.
    pub(crate) fn path(&mut self) -> String {
        let mut path = self.reference();
        if self.below(8) == 0 {
            path = format!("$.items[{}]{}", self.below(3), self.name());
        }
        match self.below(12) {
            0 => path += self.pick(&["[*]", ".*"]),
            1 => path = format!("{path}{}{}", self.pick(&["[*]", ".*"]), self.name()),
            2 => path = format!("$.items[*]{}", self.name()),
            3 => {
                let condition = self.filter();
                path = format!("$.items[?({condition})]{}", ["", ".a"][self.below(2) as usize]);
            }
            4 => {
                path = format!(
                    "$.items[{}]",
                    self.pick(&["1:", ":2", "0:1", "-2:", "1:3", ":-1", "0,2", ":"])
                )
            }
            5 => path = format!("$..{}", self.pick(&["a", "b", "c", "in"])),
            6 => {
                path += self.pick(&[
                    ".length()",
                    ".sum()",
                    ".min()",
                    ".max()",
                    ".avg()",
                    ".keys()",
                    ".first()",
                ])
            }
            7 => path = format!("{path}['a','b']"),
            8 => {
                path = self
                    .pick(&["$", "$$.Execution.Name", "$$.Execution.Input.a"])
                    .to_owned()
            }
            _ => {}
        }
        path
    }

    fn filter(&mut self) -> String {
        let name = self.name();
        let operand = self.pick(&["1", "'a'", "true", "null", "2.5"]);
        match self.below(8) {
            0 => format!("@{name}"),
            1 => format!("!@{name}"),
            2 => format!("@{name} != {operand}"),
            3 => format!("@{name} > 1"),
            4 => format!("@{name} in ['a', 1]"),
            5 => format!("@{name} == {operand} || @.a == 1"),
            6 => format!("@{name} == $.a && @.b"),
            _ => format!("@{name} == {operand}"),
        }
    }

    fn argument(&mut self) -> String {
        match self.below(5) {
            0 => self
                .pick(&["1", "2", "-1", "0", "true", "null", "'a'", "'a,b'"])
                .to_owned(),
            1 => "$.items".to_owned(),
            _ => self.reference(),
        }
    }

    /// Grows an intrinsic call.
    pub(crate) fn call(&mut self) -> String {
        let (one, two) = (self.argument(), self.argument());
        match self.below(16) {
            0 => format!("States.Array({one}, {two})"),
            1 => format!("States.ArrayPartition($.items, {})", self.below(3) + 1),
            2 => format!("States.ArrayContains({one}, {two})"),
            3 => format!(
                "States.ArrayRange({}, {}, {})",
                self.below(5),
                self.below(9),
                self.below(3)
            ),
            4 => format!("States.ArrayGetItem({one}, {})", self.below(3)),
            5 => format!("States.ArrayLength({one})"),
            6 => format!("States.ArrayUnique({one})"),
            7 => format!("States.Base64Encode({one})"),
            8 => format!("States.Hash({one}, 'SHA-256')"),
            9 => format!("States.JsonMerge({one}, {two}, false)"),
            10 => format!("States.StringToJson({one})"),
            11 => format!("States.JsonToString({one})"),
            12 => format!("States.MathAdd({one}, {two})"),
            13 => format!(
                "States.StringSplit({one}, '{}')",
                self.pick(&[",", ",;", "-.", "b"])
            ),
            14 => format!(
                "States.Format('{}', {one}, States.Format('\\\\{{{{}}', {two}))",
                "{} it\\'s {}"
            ),
            _ => format!("States.Format('{{}}', {one})"),
        }
    }

    /// Grows a Choice rule without its `Next`.
    pub(crate) fn rule(&mut self, depth: u32) -> Value {
        if depth > 0 && self.below(3) == 0 {
            let (one, two) = (self.rule(depth - 1), self.rule(depth - 1));
            return match self.below(3) {
                0 => json!({ "And": [one, two] }),
                1 => json!({ "Or": [one, two] }),
                _ => json!({ "Not": one }),
            };
        }
        let relation = self.pick(&[
            "Equals",
            "LessThan",
            "GreaterThan",
            "LessThanEquals",
            "GreaterThanEquals",
        ]);
        let variable = self.reference();
        let (operator, operand) = match self.below(9) {
            0 => (format!("String{relation}"), json!(self.pick(&TEXTS))),
            1 => (format!("Numeric{relation}"), json!(self.below(9) as i64 - 2)),
            2 => ("BooleanEquals".to_owned(), json!(self.below(2) == 0)),
            3 => (format!("Timestamp{relation}"), json!("2024-05-01T12:00:00.000Z")),
            4 => (
                "StringMatches".to_owned(),
                json!(self.pick(&["a*", "*", "*a*", "log-*.txt", "a", "*n", "*\\\\*"])),
            ),
            5 => (format!("Numeric{relation}Path"), json!(self.reference())),
            6 => (format!("String{relation}Path"), json!(self.reference())),
            _ => {
                let kind = self.pick(&[
                    "IsPresent",
                    "IsNull",
                    "IsNumeric",
                    "IsString",
                    "IsBoolean",
                    "IsTimestamp",
                ]);
                (kind.to_owned(), json!(self.below(2) == 0))
            }
        };
        json!({ "Variable": variable, operator: operand })
    }
}
