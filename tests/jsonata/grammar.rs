//! Expressions grown from the grammar, over small ragged documents.

/// A generator of numbers that look random (SplitMix64), or of those that bytes give.
pub(crate) struct Chance {
    state: u64,
    /// What a fuzzer has chosen; none of it left, all choices are the first.
    bytes: Option<std::collections::VecDeque<u8>>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance {
            state: seed,
            bytes: None,
        }
    }

    #[allow(dead_code)]
    pub(crate) fn of(bytes: &[u8]) -> Chance {
        Chance {
            state: 0,
            bytes: Some(bytes.iter().copied().collect()),
        }
    }

    fn next(&mut self) -> u64 {
        if let Some(bytes) = &mut self.bytes {
            return bytes.pop_front().map_or(0, u64::from);
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

/// The documents.
pub(crate) const DOCUMENTS: [&str; 9] = [
    r#"{"a":[{"b":1,"c":"x","d":[1,2,3]},{"b":2,"c":"y"},{"b":3,"c":"x","d":[]}],"n":7,"s":"hello world","t":true,"z":null}"#,
    r#"{"a":{"b":{"c":[{"d":1},{"d":[2,3]},{"d":{"n":4}}]}},"n":[1,2,3],"s":["a","b"],"t":[true,false]}"#,
    r#"[{"a":1,"b":"x","n":3},{"a":2,"b":"y","n":1},{"a":3,"n":2,"s":"B\u00e4r \ud83d\ude00"}]"#,
    r#"{"a":[[1,2],[3,[4,5]],[]],"b":[[{"c":1}],[{"c":2},{"c":3}]],"n":-1.5,"s":"x,y","z":[null,1,"a"]}"#,
    r#"{"a":[1,2,3,4],"b":{"a":[{"n":1,"s":"q"},{"n":2,"s":"p"}],"c":{}},"c":[{"a":{"b":5}},{"a":[{"b":6},{"b":7}]}],"d":[{"n":2},{"n":1},{}]}"#,
    r#"[[1,2],[{"a":1}],"s",null,true,{"b":{"c":[1]}}]"#,
    r#"{"a":[3],"b":[{"c":1}],"n":0,"s":"","t":[[3]],"d":{"a":{"a":{"a":1}}}}"#,
    "5",
    r#"{"a":[{"b":1,"d":[]},{"b":2,"n":[{"a":[]}]}],"b":[{},{"c":[]}],"c":{"a":[[],[[]]]},"d":[],"n":[{"s":[]},{"t":0}],"s":[[]],"z":{}}"#,
];

const NAMES: [&str; 8] = ["a", "b", "c", "d", "n", "s", "t", "z"];
const LITERALS: [&str; 18] = [
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "1e3",
    "'x'",
    "'a'",
    "'hello'",
    "''",
    "true",
    "false",
    "null",
    "[]",
    "[1,2,3]",
    "['a','b']",
    "{}",
    "[0,1]",
];
const FUNCTIONS: [&str; 27] = [
    "$sum",
    "$count",
    "$max",
    "$min",
    "$average",
    "$string",
    "$length",
    "$uppercase",
    "$lowercase",
    "$trim",
    "$number",
    "$abs",
    "$floor",
    "$ceil",
    "$round",
    "$boolean",
    "$not",
    "$exists",
    "$keys",
    "$spread",
    "$merge",
    "$reverse",
    "$distinct",
    "$type",
    "$sort",
    "$clone",
    "$single",
];
const PATTERNS: [&str; 16] = [
    "/l+/",
    "/[a-z]/i",
    "/(h)(e)?/",
    "/x|y/",
    "/o\\b/",
    "/^./",
    "/.$/",
    "/\\s+/",
    "/(\\w)(\\w)?/",
    "/[a-z]{2,}/",
    "/l(?=l)/",
    "/(?!h)[a-h]/",
    "/(.)\\1/",
    "/(?:e|o).??/",
    "/,?[a-z]+?/",
    "/\\d|B/i",
];
const REPLACEMENTS: [&str; 8] = [
    "'<$1$0>'", "'$$'", "''", "'$2-$1'", "'x'", "'$12'", "'$'", "'[$0'",
];
/// None with an exponent: the reference looks for that of zero without end.
const NUMBER_PICTURES: [&str; 11] = [
    "'#,##0.00'",
    "'0'",
    "'000.0#'",
    "'#.##'",
    "'0.0%'",
    "'#0;(#0)'",
    "'$#,###'",
    "'##,#0.0,0'",
    "'x'",
    "'0.0.0'",
    "'#0\u{2030}'",
];
const INTEGER_PICTURES: [&str; 10] = [
    "'0'", "'000'", "'#,##0'", "'w'", "'W;o'", "'Ww'", "'1;o'", "'i'", "'I'", "'a'",
];
const DATE_PICTURES: [&str; 14] = [
    "'[Y]-[M01]-[D01]'",
    "'[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]'",
    "'[D1o] of [MNn] [Y]'",
    "'[FNn], [D] [MNn,*-3] [Y,2-2]'",
    "'[h].[m01][Pn]'",
    "'[H01][Z]'",
    "'[X0001]-W[W01]-[F1]'",
    "'[d] [w] [x]'",
    "'[Yi] [MI]'",
    "'[Dwo] [[x]]'",
    "'[E] [C]'",
    "'[f] [s]'",
    "'[Y'",
    "'[q]'",
];
const ZONES: [&str; 4] = ["'+0130'", "'-0500'", "'0000'", "'x'"];
const TIMES: [&str; 8] = [
    "0",
    "1509380732935",
    "-1",
    "951782400000",
    "1e12",
    "253402300799999",
    "'a'",
    "1.5",
];
const STAMPS: [&str; 8] = [
    "'2018-02-29'",
    "'2020-02-29T12:00:00Z'",
    "'2017-10-30T16:25:32.935+01:00'",
    "'2018'",
    "'1970-01-01T00:00:00.001Z'",
    "'17-10-30'",
    "'30th of October 2017'",
    "'x'",
];

/// Functions of several arguments, and what each takes.
const CALLS: [(&str, &[&str]); 26] = [
    ("append", &["[1]", "a"]),
    ("assert", &["true", "'text'"]),
    ("contains", &["'banana'", "'an'"]),
    ("each", &["{'p': 1}", "function($x, $y) { $y }"]),
    ("filter", &["[1, 2]", "function($x) { $x > 1 }"]),
    ("formatBase", &["12", "2"]),
    ("formatInteger", &["12", "'w'"]),
    ("formatNumber", &["12.5", "'0.00'", "{'decimal-separator': '.'}"]),
    ("fromMillis", &["0", "'[Y]-[M]'", "'+0100'"]),
    ("join", &["['a', 'b']", "'-'"]),
    ("lookup", &["{'p': 1}", "'p'"]),
    ("map", &["[1, 2]", "$string"]),
    ("match", &["'banana'", "/an/", "1"]),
    ("pad", &["'a'", "3", "'#'"]),
    ("parseInteger", &["'12'", "'0'"]),
    ("power", &["2", "3"]),
    ("reduce", &["[1, 2]", "function($x, $y) { $x + $y }", "5"]),
    ("replace", &["'banana'", "'an'", "'x'", "1"]),
    ("round", &["12.345", "1"]),
    ("sort", &["[2, 1]", "function($x, $y) { $x > $y }"]),
    ("split", &["'banana'", "'n'", "2"]),
    ("string", &["[1]", "true"]),
    ("substring", &["'banana'", "1", "2"]),
    ("substringAfter", &["'banana'", "'n'"]),
    ("toMillis", &["'2018'", "'[Y]'"]),
    ("zip", &["[1]", "[2, 3]", "a"]),
];

/// Grows one expression.
pub(crate) struct Grow<'c> {
    pub(crate) chance: &'c mut Chance,
    /// The variables that are bound here.
    variables: Vec<&'static str>,
}

impl Grow<'_> {
    pub(crate) fn new(chance: &mut Chance) -> Grow<'_> {
        Grow {
            chance,
            variables: Vec::new(),
        }
    }

    pub(crate) fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let next = depth - 1;
        match self.chance.below(37) {
            36 => self.missing_arguments(next),
            30..=31 => self.format(next),
            32 => self.time(next),
            33 => self.chained(next),
            34 => self.function_value(next),
            35 => self.tuples(next),
            0..=9 => self.path(next),
            10..=11 => {
                let operator = self.chance.pick(&["+", "-", "*", "/", "%"]);
                format!("{} {operator} {}", self.expression(next), self.expression(next))
            }
            12..=13 => {
                let operator = self.chance.pick(&["=", "!=", "<", "<=", ">", ">=", "in"]);
                format!("{} {operator} {}", self.expression(next), self.expression(next))
            }
            14 => format!("{} & {}", self.expression(next), self.expression(next)),
            15 => {
                let operator = self.chance.pick(&["and", "or"]);
                format!("({} {operator} {})", self.expression(next), self.expression(next))
            }
            16 => format!(
                "({} ? {} : {})",
                self.expression(next),
                self.expression(next),
                self.expression(next)
            ),
            17 => self.array(next),
            18 => self.object(next),
            19 => self.block(next),
            20..=22 => self.call(next),
            23..=24 => self.higher(next),
            25 => self.apply(next),
            26 => format!("-({})", self.expression(next)),
            27 => self.lambda_call(next),
            28 => self.text_function(next),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> String {
        match self.chance.below(8) {
            0 => self
                .chance
                .pick(&["$", "$$", "*", "**", "$[0]", "$$.a"])
                .to_owned(),
            1..=3 => self.chance.pick(&LITERALS).to_owned(),
            4 if !self.variables.is_empty() => {
                let at = self.chance.below(self.variables.len());
                format!("${}", self.variables[at])
            }
            _ => self.chance.pick(&NAMES).to_owned(),
        }
    }

    fn step(&mut self, depth: usize) -> String {
        match self.chance.below(20) {
            0..=10 => self.chance.pick(&NAMES).to_owned(),
            11 => "*".to_owned(),
            12 => "**".to_owned(),
            13 => "$".to_owned(),
            14 => format!("({})", self.expression(depth.min(2))),
            15 => format!("[{}]", self.expression(depth.min(2))),
            16 => self.object(depth.min(2)),
            17 => format!(
                "{}()",
                self.chance
                    .pick(&["$string", "$keys", "$type", "$uppercase", "$length"])
            ),
            18 => self.chance.pick(&["%", "%", "%.a", "%.%"]).to_owned(),
            _ => match self.chance.below(6) {
                0 => format!("$map({})", self.lambda(&["x"], depth.min(1))),
                1 => format!("({})($)", self.lambda(&["x"], depth.min(1))),
                2 => format!("$filter($, {})", self.lambda(&["x", "y"], depth.min(1))),
                _ => self.chance.pick(&NAMES).to_owned(),
            },
        }
    }

    fn path(&mut self, depth: usize) -> String {
        let length = 1 + self.chance.below(4);
        let bound = self.variables.len();
        let mut out = String::new();
        for at in 0..length {
            let step = match at {
                0 => match self.chance.below(6) {
                    0 => self.chance.pick(&["$", "$$", "**", "*"]).to_owned(),
                    1 => format!("({})", self.expression(depth.min(2))),
                    2 => self.leaf(),
                    _ => self.chance.pick(&NAMES).to_owned(),
                },
                _ => self.step(depth),
            };
            if at > 0 {
                out.push('.');
            }
            out.push_str(&step);
            self.behind(&mut out, depth);
        }
        self.variables.truncate(bound);
        out
    }

    /// Appends what may stand behind a step.
    fn behind(&mut self, out: &mut String, depth: usize) {
        match self.chance.below(26) {
            0..=1 => out.push_str(
                self.chance
                    .pick(&["[0]", "[-1]", "[1]", "[[0,1]]", "[[0..1]]", "[1.5]"]),
            ),
            2..=4 => {
                let predicate = self.expression(depth.min(2));
                out.push_str(&format!("[{predicate}]"));
            }
            5..=6 => out.push_str("[]"),
            7 => {
                let mut terms = Vec::new();
                for _ in 0..1 + self.chance.below(2) {
                    let sign = self.chance.pick(&["", "<", ">"]);
                    terms.push(format!("{sign}{}", self.expression(depth.min(1))));
                }
                out.push_str(&format!("^({})", terms.join(", ")));
            }
            8 => {
                let mut pairs = Vec::new();
                for _ in 0..1 + self.chance.below(6) / 5 {
                    let (key, value) = (self.key(depth), self.expression(depth.min(2)));
                    pairs.push(format!("{key}: {value}"));
                }
                out.push_str(&format!("{{{}}}", pairs.join(", ")));
            }
            9 => {
                let name = self.chance.pick(&["i", "j"]);
                out.push_str(&format!("#${name}"));
                self.bind(name);
            }
            10 => {
                let name = self.chance.pick(&["f", "g"]);
                out.push_str(&format!("@${name}"));
                self.bind(name);
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &str) {
        const ALL: [&str; 8] = ["f", "g", "i", "j", "v", "w", "x", "y"];
        self.variables.extend(ALL.iter().find(|known| **known == name));
    }

    fn key(&mut self, depth: usize) -> String {
        match self.chance.below(4) {
            0 => format!("$string({})", self.expression(depth.min(1))),
            1 => self.chance.pick(&NAMES).to_owned(),
            _ => self.chance.pick(&["'p'", "'q'", "'r'"]).to_owned(),
        }
    }

    fn array(&mut self, depth: usize) -> String {
        let items: Vec<String> = (0..self.chance.below(4))
            .map(|_| match self.chance.below(8) {
                0 => format!("{}..{}", self.chance.below(3), self.chance.below(5)),
                _ => self.expression(depth),
            })
            .collect();
        format!("[{}]", items.join(", "))
    }

    fn object(&mut self, depth: usize) -> String {
        let members: Vec<String> = ["'p'", "'q'", "'r'"][..1 + self.chance.below(3)]
            .iter()
            .map(|key| {
                let key = if self.chance.below(8) == 0 {
                    self.key(depth)
                } else {
                    (*key).to_owned()
                };
                format!("{key}: {}", self.expression(depth))
            })
            .collect();
        format!("{{{}}}", members.join(", "))
    }

    fn block(&mut self, depth: usize) -> String {
        let bound = self.variables.len();
        let mut parts = Vec::new();
        for _ in 0..1 + self.chance.below(2) {
            let name = self.chance.pick(&["v", "w"]);
            parts.push(format!("${name} := {}", self.expression(depth)));
            self.bind(name);
        }
        parts.push(self.expression(depth));
        self.variables.truncate(bound);
        format!("({})", parts.join("; "))
    }

    fn call(&mut self, depth: usize) -> String {
        match self.chance.below(12) {
            0 => format!("$append({}, {})", self.expression(depth), self.expression(depth)),
            1 => format!(
                "$lookup({}, '{}')",
                self.expression(depth),
                self.chance.pick(&NAMES)
            ),
            2 => format!("$zip({}, {})", self.expression(depth), self.expression(depth)),
            3 => format!("$join({}, '-')", self.expression(depth)),
            4 => format!("$power({}, 2)", self.expression(depth)),
            _ => format!("{}({})", self.chance.pick(&FUNCTIONS), self.expression(depth)),
        }
    }

    fn text_function(&mut self, depth: usize) -> String {
        let text = self.expression(depth.min(2));
        let pattern = self.chance.pick(&PATTERNS);
        let limit = self.chance.pick(&["0", "1", "2", "1.5", "-1"]);
        match self.chance.below(20) {
            9 => format!("$match({text}, {pattern}, {limit})"),
            10 => format!("$split({text}, {pattern}, {limit})"),
            11 => format!("$replace({text}, {pattern}, '-', {limit})"),
            12 => format!(
                "$replace({text}, {pattern}, {})",
                self.lambda(&["x"], depth.min(1))
            ),
            13 => format!("$replace({text}, 'l', {})", self.chance.pick(&REPLACEMENTS)),
            14 => format!(
                "({pattern})({text}).{}",
                self.chance.pick(&["match", "start", "groups", "next().match"])
            ),
            15 => format!(
                "$substringAfter({text}, {})",
                self.chance.pick(&["'l'", "''", "'ll'", "'x'"])
            ),
            16 => format!("$split({text}, '', {limit})"),
            17 => format!("$contains({text}, {})", self.lambda(&["x"], 0)),
            18 => format!("$encodeUrlComponent({text})"),
            19 => format!("$base64encode({text})"),
            0 => format!("$contains({text}, 'l')"),
            1 => format!("$contains({text}, {pattern})"),
            2 => format!("$match({text}, {pattern})"),
            3 => format!("$replace({text}, {pattern}, {})", self.chance.pick(&REPLACEMENTS)),
            4 => format!("$split({text}, {pattern})"),
            5 => format!("$split({text}, ' ')"),
            6 => format!("$substring({text}, {}, 2)", self.chance.pick(&["0", "1", "-2"])),
            7 => format!("$substringBefore({text}, ' ')"),
            _ => format!("$pad({text}, {}, '#')", self.chance.pick(&["8", "-8", "0"])),
        }
    }

    fn lambda(&mut self, names: &[&'static str], depth: usize) -> String {
        let bound = self.variables.len();
        self.variables.extend(names);
        let body = self.expression(depth);
        self.variables.truncate(bound);
        let parameters: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
        format!("function({}) {{ {body} }}", parameters.join(", "))
    }

    fn higher(&mut self, depth: usize) -> String {
        let over = self.expression(depth);
        match self.chance.below(13) {
            9 => format!("$map({over}, {})", self.lambda(&["x", "y", "v"], depth)),
            10 => format!(
                "$filter({over}, {})",
                self.chance.pick(&["$boolean", "$exists", "$not"])
            ),
            11 => format!(
                "$reduce({over}, {}, {})",
                self.lambda(&["x", "y"], depth),
                self.expression(0)
            ),
            12 => format!(
                "$sort({over}, function($x, $y) {{ {} > {} }})",
                self.chance.pick(&["$x", "$x.b", "$string($x)", "$count($x)"]),
                self.chance.pick(&["$y", "$y.b", "$string($y)", "$count($y)"])
            ),
            0 => format!(
                "$map({over}, {})",
                self.chance
                    .pick(&["$string", "$uppercase", "$sum", "$keys", "$count"])
            ),
            1 => format!("$map({over}, {})", self.lambda(&["x"], depth)),
            2 => format!("$map({over}, {})", self.lambda(&["x", "y"], depth)),
            3 => format!("$filter({over}, {})", self.lambda(&["x"], depth)),
            4 => format!("$reduce({over}, {})", self.lambda(&["x", "y"], depth)),
            5 => format!("$each({over}, {})", self.lambda(&["x", "y"], depth)),
            6 => format!("$sift({over}, {})", self.lambda(&["x", "y"], depth)),
            7 => format!("$sort({over}, {})", self.lambda(&["x", "y"], depth)),
            _ => format!("$single({over}, {})", self.lambda(&["x"], depth)),
        }
    }

    fn apply(&mut self, depth: usize) -> String {
        let left = self.expression(depth);
        match self.chance.below(6) {
            0 => format!("{left} ~> $map({})", self.lambda(&["x"], depth)),
            1 => format!("({left} ~> $append(?, 1))"),
            2 => format!(
                "({left} ~> |{}|{}|)",
                self.chance.pick(&["a", "**", "$", "b.c"]),
                self.object(1)
            ),
            3 => format!(
                "({left} ~> |{}|{{}}, {}|)",
                self.chance.pick(&["a", "**", "$"]),
                "['b','c']"
            ),
            4 => format!(
                "({left} ~> {} ~> {})",
                self.chance.pick(&FUNCTIONS),
                self.chance.pick(&FUNCTIONS)
            ),
            _ => format!("({left} ~> {})", self.chance.pick(&FUNCTIONS)),
        }
    }

    /// A call with arguments that are fine, or that have no value.
    fn missing_arguments(&mut self, depth: usize) -> String {
        let (name, arguments) = CALLS[self.chance.below(CALLS.len())];
        let given = 1 + self.chance.below(arguments.len());
        let mut arguments: Vec<String> = arguments[..given].iter().map(|text| (*text).to_owned()).collect();
        for argument in &mut arguments {
            match self.chance.below(8) {
                0..=2 => {
                    *argument = self
                        .chance
                        .pick(&["$nothing", "a.nobody", "[1][7]", "{}.a"])
                        .to_owned()
                }
                3 => *argument = self.expression(depth.min(1)),
                _ => {}
            }
        }
        let first = match self.chance.below(4) {
            0 => Some(arguments.remove(0)),
            _ => None,
        };
        let call = format!("${name}({})", arguments.join(", "));
        first.map_or(call.clone(), |first| format!("({first} ~> {call})"))
    }

    /// Pictures of numbers.
    fn format(&mut self, depth: usize) -> String {
        let number = match self.chance.below(4) {
            0 => self.expression(depth.min(1)),
            _ => self
                .chance
                .pick(&[
                    "0",
                    "1234567.891",
                    "-0.5",
                    "12",
                    "99.995",
                    "1e21",
                    "0.00012",
                    "-7",
                    "n",
                ])
                .to_owned(),
        };
        match self.chance.below(9) {
            0..=2 => format!("$formatNumber({number}, {})", self.chance.pick(&NUMBER_PICTURES)),
            3..=4 => format!(
                "$formatInteger({number}, {})",
                self.chance.pick(&INTEGER_PICTURES)
            ),
            // Not of letters: powers in floating point differ in their last digit from V8's.
            5 => format!(
                "$parseInteger($formatInteger({number}, {}), {})",
                self.chance.pick(&INTEGER_PICTURES[..7]),
                self.chance.pick(&INTEGER_PICTURES[..7])
            ),
            6 => format!(
                "$formatBase({number}, {})",
                self.chance.pick(&["2", "16", "36", "1", "2.5"])
            ),
            7 => format!(
                "$round({number}, {})",
                self.chance.pick(&["2", "-2", "0", "1", "20"])
            ),
            _ => format!(
                "$power({}, {})",
                self.chance.pick(&["2", "-3", "10", "0", "1.5", "n"]),
                self.chance.pick(&["2", "0.5", "-1", "3", "5000"])
            ),
        }
    }

    /// Times and their pictures.
    fn time(&mut self, depth: usize) -> String {
        let picture = self.chance.pick(&DATE_PICTURES);
        let time = match self.chance.below(6) {
            0 => self.expression(depth.min(1)),
            _ => self.chance.pick(&TIMES).to_owned(),
        };
        match self.chance.below(6) {
            0..=1 => format!("$fromMillis({time}, {picture})"),
            2 => format!("$fromMillis({time}, {picture}, {})", self.chance.pick(&ZONES)),
            3 => format!("$toMillis({})", self.chance.pick(&STAMPS)),
            4 => format!("$toMillis({}, {picture})", self.chance.pick(&STAMPS)),
            _ => format!("$toMillis($fromMillis({time}, {picture}), {picture})"),
        }
    }

    /// One path behind the other, by parentheses.
    fn chained(&mut self, depth: usize) -> String {
        let mut out = format!("({})", self.path(depth.min(1)));
        for _ in 0..1 + self.chance.below(2) {
            self.behind(&mut out, depth.min(1));
            out.push('.');
            let step = self.step(depth.min(1));
            out.push_str(&step);
        }
        out
    }

    /// Functions that are values: made, kept, composed, applied.
    fn function_value(&mut self, depth: usize) -> String {
        let argument = self.expression(depth.min(2));
        match self.chance.below(6) {
            0 => format!(
                "($f := {} ~> {}; $f({argument}))",
                self.chance.pick(&FUNCTIONS),
                self.chance.pick(&FUNCTIONS)
            ),
            // Without signature the reference's functions take what JavaScript makes of another kind.
            1 => format!("($f := $substring(?, 1); $f($string({argument})))"),
            2 => format!(
                "($f := function($x) {{ function($y) {{ [$x, $y] }} }}; $f({argument})({}))",
                self.expression(0)
            ),
            3 => format!(
                "($f := function($n) {{ $n <= 0 ? {argument} : $f($n - 1) }}; $f({}))",
                self.chance.below(4)
            ),
            4 => format!("{argument} ~> {} ~> $string", self.lambda(&["x"], depth.min(1))),
            _ => format!(
                "({})({argument})",
                self.chance.pick(&[
                    "function($x)<n:n>{$x}",
                    "function($x)<s-:s>{$x & '!'}",
                    "function($x)<a:x>{$count($x)}",
                    "function($x, $y)<x-n?:x>{[$x, $y]}",
                    "|a|{'b': 9}|",
                    "$append(?, 1)",
                ])
            ),
        }
    }

    /// Steps that bind, and what is read of them.
    fn tuples(&mut self, depth: usize) -> String {
        let first = self.chance.pick(&["a", "b", "c", "d", "$", "a.b", "*"]);
        let second = self
            .chance
            .pick(&["$$.a", "$f.d", "b", "%.c", "$$.c", "d", "$.a"]);
        let last = match self.chance.below(3) {
            0 => self.object(depth.min(1)),
            1 => "{'f': $f, 'g': $g, 'i': $i}".to_owned(),
            _ => "[$f, $g, $i]".to_owned(),
        };
        let predicate = match self.chance.below(4) {
            0 => format!("[{}]", self.expression(0)),
            1 => "[$f.b = $g.b]".to_owned(),
            2 => "[$i = 1]".to_owned(),
            _ => String::new(),
        };
        match self.chance.below(5) {
            0 => format!("{first}@$f.{second}@$g{predicate}.{last}"),
            1 => format!("{first}#$i{predicate}.{last}"),
            2 => format!("{first}@$f#$i{predicate}.{second}@$g.{last}"),
            3 => format!("{first}@$f.{second}{predicate}.%.{}", self.chance.pick(&NAMES)),
            _ => format!("{first}^({})#$i{predicate}.{last}", self.chance.pick(&NAMES)),
        }
    }

    fn lambda_call(&mut self, depth: usize) -> String {
        match self.chance.below(3) {
            0 => format!("({})({})", self.lambda(&["x"], depth), self.expression(depth)),
            1 => format!(
                "({})({}, {})",
                self.lambda(&["x", "y"], depth),
                self.expression(depth),
                self.expression(depth)
            ),
            _ => format!(
                "($h := {}; $h({}))",
                self.lambda(&["x"], depth),
                self.expression(depth)
            ),
        }
    }
}
