//! Placeholder until the functions land.
use super::Function;
use crate::value::{Store, ValueRef};
/// Random numbers.
pub struct Random(u64);
impl Random {
    /// Seeds.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }
    /// 0..1
    pub fn fraction(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
/// Evaluates.
pub fn evaluate(
    store: &mut Store,
    _r: &mut Random,
    f: Function,
    args: &[ValueRef],
) -> Result<ValueRef, String> {
    match f {
        Function::Array => Ok(store.array(args)),
        Function::Format => {
            let start = store.start_string();
            let t = store.view().string(args[0]).unwrap().decode().into_owned();
            let mut parts = t.split("{}");
            store.push_str(parts.next().unwrap());
            for (p, v) in parts.zip(&args[1..]) {
                store.push_value(*v);
                store.push_str(p);
            }
            Ok(store.finish_string(start))
        }
        _ => Err("not yet".into()),
    }
}
