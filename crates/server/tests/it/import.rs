//! `parlor import chat` as it is run: compressed files, bad lines, resuming.

use std::io::Write;
use std::process::{Command, Output};

use flate2::{Compression, write::GzEncoder};
use parlor::config::DataArgs;
use serde_json::Value;

use crate::support::fresh_data;

fn import(data: &DataArgs, file: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(["import", "chat"]).arg(data.data.join(file)).args(args).arg("--data").arg(&data.data);
    match &data.database {
        Some(url) => command.env("DATABASE_URL", url),
        None => command.env_remove("DATABASE_URL"),
    };
    command.output().unwrap()
}

fn line(number: usize) -> String {
    format!(
        "{{\"id\":\"{number}\",\"channel\":\"#boats\",\"kind\":\"channel\",\"user\":\"ana{}\",\
         \"ts\":\"2020-05-01T10:00:00Z\",\"text\":\"Oar number {number}\"}}\n",
        number % 7
    )
}

fn counts(output: &Output) -> [u64; 4] {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    ["written", "known", "skipped", "refused"].map(|field| report[field].as_u64().unwrap())
}

#[test]
fn bad_lines_are_told_and_the_rest_can_follow() {
    let (data, _folder, _database) = fresh_data();
    let mut text: Vec<u8> = (1..=1200).flat_map(|number| line(number).into_bytes()).collect();
    text.extend_from_slice(b"{\"id\":\n\n\xff\xfe\n");
    text.extend((1201..=1300).flat_map(|number| line(number).into_bytes()));
    text.extend_from_slice(line(1301).replace("2020-05-01T10", "noon").trim_end().as_bytes());
    let mut file =
        GzEncoder::new(std::fs::File::create(data.data.join("boats.jsonl.gz")).unwrap(), Compression::fast());
    file.write_all(&text).unwrap();
    file.finish().unwrap();

    let ended = import(&data, "boats.jsonl.gz", &[]);
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(4), "{told}");
    assert!(told.contains("boats.jsonl.gz:1201: ") && told.contains("--skip-bad"), "{told}");

    let rest = import(&data, "boats.jsonl.gz", &["--skip-bad", "--json"]);
    let told = String::from_utf8_lossy(&rest.stderr).into_owned();
    assert_eq!(counts(&rest), [100, 1200, 0, 3], "{told}");
    for place in [":1201: ", ":1203: ", ":1304: \"ts\""] {
        assert!(told.contains(place), "{told}");
    }

    let again = import(&data, "boats.jsonl.gz", &["--skip-bad"]);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.contains("Nothing new: all 1300 messages were there before"), "{said}");

    let missing = import(&data, "nothing.jsonl", &[]);
    assert_eq!(missing.status.code(), Some(3));
}

#[test]
fn files_of_windows_programs_are_read() {
    let (data, _folder, _database) = fresh_data();
    let marked = |from: usize| {
        let lines: String = (from..from + 2).map(|number| line(number).replace('\n', "\r\n")).collect();
        format!("\u{feff}{lines}")
    };
    std::fs::write(data.data.join("marked.jsonl"), marked(1) + "\r\n" + &marked(3)).unwrap();
    assert_eq!(counts(&import(&data, "marked.jsonl", &["--json"])), [4, 0, 0, 0]);

    let wide: Vec<u8> = marked(5).encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("wide.jsonl", &wide[..]), ("unmarked.jsonl", &wide[2..])] {
        std::fs::write(data.data.join(name), bytes).unwrap();
        let refused = import(&data, name, &["--skip-bad"]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{told}");
        assert!(told.contains(name) && told.contains("save it as UTF-8"), "{told}");
    }
}
