//! The same work, more and more of it: what one unit costs must not grow.

use super::definitions::{chain, choice, counter, map, writes};
use super::engine::Engine;

/// One line that grows.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// Small to large.
    pub(crate) points: Vec<Point>,
}

/// One size of a series.
pub(crate) struct Point {
    pub(crate) size: String,
    engine: Engine,
    input: String,
    /// Units in one run.
    pub(crate) units: u64,
    out: Vec<u8>,
}

impl Point {
    fn new(size: impl ToString, engine: Engine, input: String, units: u64, expected: &str) -> Point {
        let mut point = Point {
            size: size.to_string(),
            engine,
            input,
            units,
            out: Vec::new(),
        };
        point.run();
        let output = String::from_utf8_lossy(&point.out);
        assert!(output == expected, "{} gives {output:.200}", point.size);
        point
    }

    /// Runs once.
    pub(crate) fn run(&mut self) {
        self.out.clear();
        self.engine.run(self.input.as_bytes(), &mut self.out);
    }

    /// Returns how many states a run leaves.
    pub(crate) fn transitions(&self) -> u64 {
        self.engine.transitions()
    }
}

/// Returns all series; the output of every point has been checked.
pub(crate) fn series() -> Vec<Series> {
    vec![states(), written(), rules(), rounds(), items(), tasks()]
}

fn states() -> Series {
    let point = |count: usize| {
        let (input, output) = (r#"{"n":0}"#.into(), format!(r#"{{"n":{count}}}"#));
        Point::new(count, Engine::new(&chain(count)), input, count as u64, &output)
    };
    Series {
        name: "states",
        unit: "transition",
        points: [10, 100, 1_000].map(point).into(),
    }
}

/// The document grows with each state: what is written is carried along from then on.
fn written() -> Series {
    let point = |count: usize| {
        let members: Vec<String> = (0..count).map(|at| format!(r#""p{at}":{at}"#)).collect();
        let output = format!(r#"{{"steps":{{{}}}}}"#, members.join(","));
        Point::new(
            count,
            Engine::new(&writes(count)),
            "{}".into(),
            count as u64,
            &output,
        )
    };
    Series {
        name: "members written",
        unit: "transition",
        points: [10, 100, 1_000].map(point).into(),
    }
}

fn rules() -> Series {
    let point = |count: usize| {
        let (input, last) = (format!(r#"{{"k":"k{}"}}"#, count - 1), count - 1);
        let output = format!(r#"{{"taken":{last}}}"#);
        Point::new(count, Engine::new(&choice(count)), input, 1, &output)
    };
    Series {
        name: "rules of a Choice",
        unit: "execution",
        points: [10, 1_000].map(point).into(),
    }
}

fn rounds() -> Series {
    let point = |count: u64| {
        let end = count / 2;
        let of = |n| format!(r#"{{"n":{n},"end":{end},"items":[]}}"#);
        Point::new(count, Engine::new(&counter()), of(0), count, &of(end))
    };
    Series {
        name: "transitions of a loop",
        unit: "transition",
        points: [1_000, 10_000, 100_000].map(point).into(),
    }
}

fn items() -> Series {
    let states = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    let point = |count: usize| {
        let items = ones(count);
        Point::new(
            count,
            Engine::new(&map(states)),
            items.clone(),
            count as u64,
            &items,
        )
    };
    Series {
        name: "items of a Map",
        unit: "item",
        points: [400, 4_000, 40_000].map(point).into(),
    }
}

fn tasks() -> Series {
    let states = r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
        "Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload","End":true}}}"#;
    let answers = [("T".to_owned(), r#"{"Payload":1,"StatusCode":200}"#.to_owned())];
    let point = |count: usize| {
        let (items, engine) = (ones(count), Engine::new(&map(states)).answering(&answers));
        Point::new(count, engine, items.clone(), count as u64, &items)
    };
    Series {
        name: "tasks of a Map",
        unit: "item",
        points: [400, 4_000, 40_000].map(point).into(),
    }
}

fn ones(count: usize) -> String {
    format!("[{}]", vec!["1"; count].join(","))
}
