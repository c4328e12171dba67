//! Indexing beside other parsers as ratios: interleaved rounds in one process, so that other load on
//! the machine falls on all alike. `cargo bench --bench value_ratio [orders.ndjson]`.

use simd_json::{Buffers, INPUT_PADDING, Tape};
use std::hint::black_box;
use std::time::Instant;
use stepstream::value::Heap;

#[path = "value/documents.rs"]
mod documents;

const ROUNDS: usize = 301;
/// Bytes that one round of one contestant goes through.
const ROUND_BYTES: usize = 400 << 10;

/// Indexes with one warm heap.
fn run_index(texts: &[Vec<u8>], heap: &mut Heap) {
    for text in texts {
        heap.clear();
        black_box(heap.index(black_box(text)).is_ok());
    }
}

/// simd-json with all buffers reused; it changes its input, so the text is copied as ours is.
fn run_simd_json(
    texts: &[Vec<u8>],
    buffer: &mut Vec<u8>,
    buffers: &mut Buffers,
    mut tape: Tape<'static>,
) -> Tape<'static> {
    for text in texts {
        buffer.clear();
        buffer.extend_from_slice(black_box(text));
        buffer.resize(text.len() + INPUT_PADDING, 0);
        let mut filled = tape;
        black_box(simd_json::fill_tape_padded(buffer, text.len(), buffers, &mut filled).is_ok());
        tape = filled.reset();
    }
    tape
}

fn run_sonic(texts: &[Vec<u8>], buffer: &mut Vec<u8>) {
    for text in texts {
        buffer.clear();
        buffer.extend_from_slice(black_box(text));
        black_box(sonic_rs::from_slice::<sonic_rs::Value>(buffer).is_ok());
    }
}

fn run_sonic_lazy(texts: &[Vec<u8>], buffer: &mut Vec<u8>) {
    for text in texts {
        buffer.clear();
        buffer.extend_from_slice(black_box(text));
        black_box(sonic_rs::from_slice::<sonic_rs::LazyValue<'_>>(buffer).is_ok());
    }
}

/// Returns the fifth of the rounds' times: what other load does not reach.
fn fifth(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 5]
}

fn main() {
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "ns per document", "index", "portable", "simd-json", "sonic", "lazy"
    );
    for (name, texts) in documents::all() {
        let bytes: usize = texts.iter().map(Vec::len).sum();
        let repeat = (ROUND_BYTES / bytes).max(1);
        let mut heap = Heap::new();
        let mut buffers = Buffers::default();
        let mut tape = Tape::null().reset();
        let (mut tape_buffer, mut sonic_buffer) = (Vec::new(), Vec::new());
        for text in &texts {
            assert!(heap.index(text).is_ok());
            assert!(simd_json::to_tape(&mut text.clone()).is_ok());
            assert!(sonic_rs::from_slice::<sonic_rs::Value>(text).is_ok());
            assert!(sonic_rs::from_slice::<sonic_rs::LazyValue<'_>>(text).is_ok());
        }
        let mut times: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            for (who, times) in times.iter_mut().enumerate() {
                stepstream::value::index::force_portable(who == 1);
                let started = Instant::now();
                for _ in 0..repeat {
                    match who {
                        0 | 1 => run_index(&texts, &mut heap),
                        2 => tape = run_simd_json(&texts, &mut tape_buffer, &mut buffers, tape),
                        3 => run_sonic(&texts, &mut sonic_buffer),
                        _ => run_sonic_lazy(&texts, &mut sonic_buffer),
                    }
                }
                times.push(started.elapsed().as_nanos() as f64 / (repeat * texts.len()) as f64);
            }
        }
        let fifths = times.each_mut().map(|times| fifth(times));
        print!("{name:<22}");
        for time in fifths {
            print!(" {time:>9.0}");
        }
        println!();
        print!("{:<22} {:>9}", "  times index", "");
        for time in &fifths[1..] {
            print!(" {:>9.2}", time / fifths[0]);
        }
        println!();
    }
}
