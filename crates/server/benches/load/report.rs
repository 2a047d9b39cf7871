//! Owns: the table, the JSON file, and what a list of latencies tells. Must not know: what was measured.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// Every figure of a run.
pub struct Report {
    rows: Vec<Value>,
    load: String,
}

/// What a figure should be.
pub enum Budget {
    /// No promise.
    None,
    /// At least, with its unit.
    Least(f64, &'static str),
    /// At most, with its unit.
    Most(f64, &'static str),
}

/// One figure.
pub struct Figure<'a> {
    pub what: &'a str,
    /// As shown.
    pub shown: String,
    /// What is held against the budget.
    pub value: f64,
    /// The limit as shown, and measured over limit.
    pub limit: Option<(String, f64)>,
    pub budget: Budget,
}

impl Report {
    pub fn start() -> Report {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!("cores {cores}, load average before the start {load}\n");
        line(["what", "measured", "limit, same run", "ratio", "budget", "kept"].map(str::to_owned));
        Report { rows: Vec::new(), load }
    }

    pub fn section(&mut self, name: &str) {
        println!("{name}");
    }

    /// A sentence between the figures.
    pub fn say(&mut self, text: &str) {
        println!("  ({text})");
    }

    pub fn figure(&mut self, figure: Figure<'_>) {
        let (budget, kept) = match figure.budget {
            Budget::None => (String::new(), None),
            Budget::Least(least, unit) => (format!(">= {least} {unit}"), Some(figure.value >= least)),
            Budget::Most(most, unit) => (format!("<= {most} {unit}"), Some(figure.value <= most)),
        };
        let (limit, ratio) = figure.limit.unzip();
        let verdict = kept.map_or("", |kept| if kept { "yes" } else { "NO" });
        line([
            format!("  {}", figure.what),
            figure.shown.clone(),
            limit.clone().unwrap_or_default(),
            ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")),
            budget.clone(),
            verdict.to_owned(),
        ]);
        self.rows.push(json!({
            "what": figure.what, "measured": figure.shown, "value": figure.value, "limit": limit, "ratio": ratio,
            "budget": budget, "kept": kept,
        }));
    }

    pub fn end(self, file: Option<&Path>) {
        let missed = self.rows.iter().filter(|row| row["kept"] == false).count();
        let held = self.rows.iter().filter(|row| row["kept"] == true).count();
        println!("\n{held} budgets kept, {missed} missed");
        if let Some(file) = file {
            let all = json!({"load_before": self.load, "figures": self.rows});
            std::fs::write(file, format!("{all:#}\n")).unwrap();
        }
    }
}

fn line([what, measured, limit, ratio, budget, kept]: [String; 6]) {
    println!("{what:<52} {measured:<34} {limit:<26} {ratio:>6}  {budget:<18} {kept}");
}

/// Times of single requests.
#[derive(Default)]
pub struct Latencies {
    micros: Vec<u32>,
    sorted: bool,
}

impl Latencies {
    pub fn add(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        self.sorted = false;
    }

    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// In milliseconds.
    pub fn percentile(&mut self, part: f64) -> f64 {
        if !self.sorted {
            self.micros.sort_unstable();
            self.sorted = true;
        }
        let last = self.micros.len().saturating_sub(1);
        let at = ((last as f64) * part).round() as usize;
        self.micros.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    pub fn shown(&mut self) -> String {
        format!("p50 {:.2} p99 {:.2} ms", self.percentile(0.5), self.percentile(0.99))
    }
}
