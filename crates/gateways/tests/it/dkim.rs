//! Signatures, as others see them: dkimpy (clients/requirements.txt) verifies what is signed here, over keys that openssl
//! makes. Without them there is one line that says so.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use jiff::Timestamp;
use parlor_gateways::email::{
    compose::{Attachment, Automatic, Body, Html, Mail, compose},
    dkim::{InvalidKey, InvalidSigner, Signer, Unsignable},
};

use super::compose::mail;

/// A key as openssl writes it; None, and a line that says so, without openssl.
fn key(arguments: &[&str]) -> Option<String> {
    match Command::new("openssl").args(arguments).stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        _ => {
            eprintln!("skipped a test of signatures: openssl is not installed");
            None
        }
    }
}

const RSA: &[&str] = &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const ED25519: &[&str] = &["genpkey", "-algorithm", "ed25519"];

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

/// Messages that have been trouble: folded fields, other scripts, empty bodies, files.
fn messages() -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = (0..=255).collect();
    let long = "très long ".repeat(40);
    let file = Attachment { name: "März.bin", media_type: "a/b".parse().unwrap(), content: &bytes };
    let html = Html { html: "<p>hi \t  there  </p>\n\n", pictures: vec![] };
    let ids = (0..30).map(|n| format!("<{n}.{}@x.example>", "y".repeat(90)).parse().unwrap()).collect();
    let mails = [
        mail(),
        Mail { subject: "Grüße 日本語", ..mail() },
        Mail { subject: &long, references: ids, automatic: Some(Automatic::Generated), ..mail() },
        Mail { unsubscribe: Some("https://acme.example/u/abc".parse().unwrap()), ..mail() },
        Mail { body: Body { text: "", ..mail().body }, ..mail() },
        Mail { body: Body { text: " two  spaces \t\n\n.\n..\n\n\n", ..mail().body }, ..mail() },
        Mail { body: Body { text: "a", html: Some(html), attachments: vec![file] }, ..mail() },
    ];
    mails.iter().map(|mail| compose(mail).unwrap()).collect()
}

/// Whether dkimpy accepts the message, for every message; None without it.
fn verified(messages: &[Vec<u8>], (name, record): &(String, String)) -> Option<Vec<bool>> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/.venv/bin/python");
    let installed = Command::new(&python).args(["-c", "import dkim, nacl"]).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        eprintln!(
            "skipped a test of signatures: dkimpy is not installed in clients/.venv (scripts/need-tools)"
        );
        return None;
    }
    let script = "import sys, dkim\n\
        name, record = sys.argv[1].encode() + b'.', sys.argv[2].encode()\n\
        for path in sys.argv[3:]:\n    \
            lookup = lambda asked, timeout=5: record if asked == name else None\n    \
            print(int(dkim.verify(open(path, 'rb').read(), dnsfunc=lookup)))\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(python);
    command.args(["-c", script, name, record]);
    for (at, message) in messages.iter().enumerate() {
        let path = folder.join(at.to_string());
        fs::File::create(&path).unwrap().write_all(message).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "1").collect())
}

#[test]
fn an_independent_verifier_accepts_every_message() {
    for (selector, arguments) in [("rsa", RSA), ("ed", ED25519)] {
        let Some(pem) = key(arguments) else { return };
        let signer = Signer::new("acme.example", selector, &pem).unwrap();
        let signed: Vec<_> = messages().iter().map(|message| signer.sign(message, now()).unwrap()).collect();
        for message in &signed {
            let text = std::str::from_utf8(message).unwrap();
            assert!(
                text.split("\r\n").all(|line| line.len() <= 78 || line.starts_with([' ', 'R'])),
                "{text}"
            );
        }
        let Some(accepted) = verified(&signed, &signer.dns_record()) else { return };
        assert_eq!(accepted, vec![true; signed.len()], "{selector}");
    }
}

#[test]
fn a_message_that_was_changed_on_the_way_is_refused() {
    let Some(pem) = key(RSA) else { return };
    let signer = Signer::new("acme.example", "changed", &pem).unwrap();
    let signed = String::from_utf8(signer.sign(&messages()[3], now()).unwrap()).unwrap();
    let changed = [
        ("Hello Bob", "Hello Eve"),
        ("Subject: Your order", "Subject: My order"),
        ("https://acme.example/u/abc", "https://evil.example/u/abc"),
        ("MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nSubject: a second one\r\n"),
        ("MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nCc: somebody@else.example\r\n"),
        ("c=relaxed/relaxed", "c=simple/relaxed"),
    ];
    let mut forged: Vec<Vec<u8>> =
        changed.iter().map(|(from, to)| signed.replacen(from, to, 1).into_bytes()).collect();
    assert!(forged.iter().all(|message| message != signed.as_bytes()));
    forged.push(signed.replace("Subject: Your order", "SUBJECT:\tYour  \r\n order ").into_bytes());
    forged.push(signed.into_bytes());
    let Some(accepted) = verified(&forged, &signer.dns_record()) else { return };
    assert_eq!(
        accepted,
        [false, false, false, false, false, false, true, true],
        "the last two are only refolded"
    );
}

#[test]
fn keys_are_taken_in_every_common_form_and_refused_with_a_reason() {
    let refused = |pem: &str| match Signer::new("acme.example", "s", pem) {
        Err(InvalidSigner::Key(why)) => Some(why),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(refused(text), Some(InvalidKey::NoKey), "{text:?}");
    }
    let pem =
        |kind: &str, body: &str| format!("-----BEGIN {kind} KEY-----\n{body}\n-----END {kind} KEY-----\n");
    assert_eq!(refused(&pem("PRIVATE", "AAAA")), Some(InvalidKey::Damaged));
    assert_eq!(refused(&pem("ENCRYPTED PRIVATE", "AAAA")), Some(InvalidKey::Encrypted));
    let cases: [(&[&str], Option<InvalidKey>); 6] = [
        (&["genrsa", "-traditional", "2048"], None),
        (RSA, None),
        (ED25519, None),
        (&["genrsa", "1024"], Some(InvalidKey::Size)),
        (&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], Some(InvalidKey::Kind)),
        (&["ecparam", "-name", "prime256v1", "-genkey", "-noout"], Some(InvalidKey::Kind)),
    ];
    for (arguments, why) in cases {
        let Some(pem) = key(arguments) else { return };
        assert_eq!(refused(&pem), why, "{arguments:?}");
        assert_eq!(refused(&pem.replace('\n', "\r\n")), why, "{arguments:?} with CR LF");
    }
}

#[test]
fn domain_selector_and_message_are_checked() {
    let Some(pem) = key(ED25519) else { return };
    for domain in ["", "a b", "acme.example; t=y", "acme\r\n.example"] {
        assert_eq!(Signer::new(domain, "s", &pem).err(), Some(InvalidSigner::Domain), "{domain:?}");
    }
    for selector in ["", ".", "a;b", "a b", "a\r\nb", "ä", &"a".repeat(64)] {
        assert_eq!(
            Signer::new("acme.example", selector, &pem).err(),
            Some(InvalidSigner::Selector),
            "{selector:?}"
        );
    }
    let signer = Signer::new("Bücher.example", "2026-11", &pem).unwrap();
    let (name, record) = signer.dns_record();
    assert_eq!(name, "2026-11._domainkey.xn--bcher-kva.example");
    assert!(record.starts_with("v=DKIM1; k=ed25519; p="));
    for (message, why) in [
        ("", Unsignable::NoHeader),
        ("From: a@b.example\n\nx", Unsignable::NoHeader),
        ("To: a@b.example\r\n\r\nx", Unsignable::From),
        ("From: a@b.example\r\nFROM : c@d.example\r\n\r\nx", Unsignable::From),
    ] {
        assert_eq!(signer.sign(message.as_bytes(), now()), Err(why), "{message:?}");
    }
    let one = signer.sign(&messages()[0], now()).unwrap();
    assert_eq!(one, signer.sign(&messages()[0], now()).unwrap(), "the same every time");
}
