//! Operands that are tables: tasks, containers, switches, fused chains, retriers.

use super::super::{
    Branches, ContainerId, FusedId, Items, Iteration, Pc, Percentage, RejoinId, Retrier, StateId, SwitchId,
    TaskId, Write, WriteValue,
};
use super::Listing;
use super::line::plural;
use super::show::quoted;

impl Listing<'_> {
    pub(super) fn task(&self, id: TaskId) -> Vec<String> {
        let task = &self.program.tasks[id.at()];
        let mut lines = vec![task.resource.arn.to_string()];
        match &task.resource.integration {
            Some((kind, resource)) => lines.push(format!("integration {kind}, {resource}")),
            None => lines.push("function".into()),
        }
        let limits = [("timeout", task.timeout), ("heartbeat", task.heartbeat)];
        let limits = limits.into_iter().filter_map(|(name, limit)| {
            let limit = self.limit(limit, " s")?;
            Some(format!("{name} {limit}"))
        });
        lines.extend(limits);
        if task.credentials {
            lines.push("credentials below the parameters".into());
        }
        if !task.lists.is_empty() {
            lines.push(format!("objects of lists: {}", task.lists.join(", ")));
        }
        lines
    }

    pub(super) fn container(&self, id: ContainerId, within: StateId) -> Vec<String> {
        match &self.program.containers[id.at()].branches {
            Branches::Parallel(flows) => {
                let mut lines = vec!["Parallel".into()];
                let begins = flows.iter().enumerate().map(|(at, flow)| {
                    let entry = self.program.flows[flow.at()].entry;
                    format!("branch {at} {}", self.jump(entry, None))
                });
                lines.extend(begins);
                lines
            }
            Branches::Map(map) => self.iteration(map, within),
        }
    }

    fn iteration(&self, map: &Iteration, within: StateId) -> Vec<String> {
        let items = match map.items {
            Items::Data => "$".into(),
            Items::Path(path) => self.path(path),
            Items::Input => "$states.input".into(),
            Items::Popped(_) => "what was pushed".into(),
        };
        let mut lines = vec![format!("Map over {items}")];
        if let Some(selector) = map.selector {
            lines.push(format!("selector {}", self.jump(selector, Some(within))));
        }
        if let Some(inline) = map.inline {
            lines.push(format!("without events {}", self.jump(inline, Some(within))));
        }
        let entry = self.program.flows[map.flow.at()].entry;
        lines.push(format!("processor {}", self.jump(entry, None)));
        if let Some(limit) = self.limit(map.max_concurrency, "") {
            lines.push(format!("concurrency {limit}"));
        }
        if let Some(count) = self.limit(map.tolerated_count, "") {
            lines.push(format!("tolerated failures {count}"));
        }
        match map.tolerated_percentage {
            Percentage::None => {}
            Percentage::Literal(value) => lines.push(format!("tolerated failures {value} %")),
            Percentage::Path(path) => lines.push(format!("tolerated failures {} %", self.path(path))),
            Percentage::Popped => lines.push("tolerated failures as pushed, in %".into()),
        }
        lines
    }

    pub(super) fn rejoin(&self, id: RejoinId, within: StateId) -> String {
        let places = &self.program.rejoins[id.at()].places;
        let places: Vec<String> = places.iter().map(|&to| self.jump(to, Some(within))).collect();
        places.join(", ")
    }

    /// Lists a table by its rules' order in the code, the look-up keys sorted: hashing has no order.
    pub(super) fn switch(&self, id: SwitchId, within: StateId) -> Vec<String> {
        let switch = &self.program.switches[id.at()];
        let mut entries: Vec<(Pc, String)> = Vec::new();
        entries.extend(switch.strings.iter().map(|(text, &to)| (to, quoted(text))));
        entries.extend(
            switch
                .numbers
                .iter()
                .map(|&(_, constant, to)| (to, self.constant(constant))),
        );
        entries.sort();
        let mut lines = vec![format!("on {}", self.path(switch.variable))];
        let shown = entries
            .iter()
            .map(|(to, text)| format!("{text} {}", self.jump(*to, Some(within))));
        lines.extend(shown);
        lines.push(format!("else {}", self.jump(switch.otherwise, Some(within))));
        lines
    }

    pub(super) fn fused(&self, id: FusedId) -> Vec<String> {
        let fused = &self.program.fused[id.at()];
        let next = fused
            .next
            .map_or("-> end of the flow".into(), |next| self.jump(next, None));
        let mut lines = vec![
            format!("{} at once {next}", plural(fused.states, "state")),
            format!("last state {}", self.place(fused.last_state)),
        ];
        if !fused.writes.is_empty() {
            lines.push(format!(
                "adds at most {}, {}",
                plural(fused.bytes as u32, "byte"),
                plural(fused.depth, "level")
            ));
        }
        self.writes(&mut lines, "$", &fused.writes);
        lines
    }

    fn writes(&self, lines: &mut Vec<String>, path: &str, writes: &[Write]) {
        for write in writes {
            let path = step(path, write.key.name());
            match &write.value {
                WriteValue::Constant(value) => lines.push(format!("{path} = {}", self.constant(*value))),
                WriteValue::Object { members, .. } => self.writes(lines, &path, members),
            }
        }
    }
}

/// Adds a key to a path.
fn step(path: &str, key: &str) -> String {
    match key
        .chars()
        .all(|character| character.is_alphanumeric() || character == '_')
    {
        true => format!("{path}.{key}"),
        false => format!("{path}['{}']", key.replace('\'', "\\'")),
    }
}

/// Shows an entry of `Retry`.
pub(super) fn retrier(retrier: &Retrier) -> String {
    let mut text = format!(
        "{}: after {} s, rate {}, {}",
        retrier.errors.join(", "),
        retrier.interval_seconds,
        retrier.backoff_rate,
        plural(retrier.max_attempts, "attempt")
    );
    if let Some(seconds) = retrier.max_delay_seconds {
        text.push_str(&format!(", at most {seconds} s"));
    }
    if retrier.full_jitter {
        text.push_str(", full jitter");
    }
    text
}
