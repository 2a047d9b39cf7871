//! Reports, complaints and automatic messages: each form made up and small, hostile ones, and the real ones.

use std::time::{Duration, Instant};

use parlor_gateways::email::{
    Keys, Unreadable,
    bounce::{FailedRecipient, Incoming, Original, Outcome, Sender, classify},
    keys::Key,
    tokens::{self, AddressForm},
};
use uuid::Uuid;

const REPORT: &str = "Return-Path: <>\r
To: bounce+v1token@mail.example\r
From: MAILER-DAEMON@mx.example (Mail Delivery System)\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b/1\"\r
\r
--b/1\r
\r
Your message could not be delivered.\r
--b/1\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Original-Recipient: rfc822;ann@customer.example\r
Final-Recipient: rfc822; forwarded@elsewhere.example\r
Action: failed\r
Status: 5.0.0\r
Diagnostic-Code: smtp; 550 5.1.1 <ann@customer.example>:\r
    no such user\r
\r
--b/1\r
Content-Type: message/rfc822\r
\r
Message-ID: <m.1.aa@mail.example>\r
Subject: hello\r
\r
hi\r
--b/1--\r
";

fn delivery(raw: &str) -> (Vec<FailedRecipient>, Original) {
    match classify(raw.as_bytes()) {
        Ok(Incoming::Delivery { recipients, original }) => (recipients, original),
        other => panic!("{other:?}\n{raw}"),
    }
}

/// The message of `REPORT`, when the report came back to these addresses.
fn about(returned_to: &[&str]) -> Original {
    Original {
        message_ids: vec!["<m.1.aa@mail.example>".parse().unwrap()],
        returned_to: returned_to.iter().map(|address| address.parse().unwrap()).collect(),
    }
}

fn outcome(raw: &str) -> Outcome {
    delivery(raw).0[0].outcome
}

#[test]
fn a_report_names_recipient_reason_and_message() {
    let (recipients, original) = delivery(REPORT);
    let [recipient] = &recipients[..] else { panic!("{recipients:?}") };
    assert_eq!(recipient.address.as_ref().unwrap().as_str(), "ann@customer.example");
    assert_eq!(recipient.outcome, Outcome::Permanent);
    assert_eq!(recipient.status.unwrap().to_string(), "5.1.1");
    assert_eq!(recipient.text, "550 5.1.1 <ann@customer.example>: no such user");
    assert_eq!(original, about(&["bounce+v1token@mail.example"]));
}

#[test]
fn what_became_of_it_follows_the_action_and_the_class() {
    for (action, status, becomes) in [
        ("failed", "5.1.1", Outcome::Permanent),
        ("Failed (for good)", "5.2.1 (gone)", Outcome::Permanent),
        ("failed", "4.4.7", Outcome::Transient),
        ("delayed", "4.4.1", Outcome::Delayed),
        ("delivered", "2.1.5", Outcome::Delivered),
        ("relayed", "2.0.0", Outcome::Delivered),
        ("", "4.2.2", Outcome::Delayed),
    ] {
        let raw = REPORT
            .replace("Action: failed", &format!("Action: {action}"))
            .replace("Status: 5.0.0", &format!("Status: {status}"));
        assert_eq!(outcome(&raw), becomes, "{action} {status}");
    }
}

#[test]
fn every_recipient_of_a_report_is_told() {
    let second = "\r\nFinal-Recipient: rfc822; bob@customer.example\r\nAction: delayed\r\nStatus: 4.2.2\r\n\r\n--b/1\r\nContent-Type: message/rfc822";
    let (recipients, _) = delivery(&REPORT.replace("\r\n--b/1\r\nContent-Type: message/rfc822", second));
    let told: Vec<_> =
        recipients.iter().map(|one| (one.address.as_ref().unwrap().as_str(), one.outcome)).collect();
    assert_eq!(
        told,
        [("ann@customer.example", Outcome::Permanent), ("bob@customer.example", Outcome::Delayed)]
    );
}

#[test]
fn reports_in_words_are_understood_when_a_machine_wrote_them() {
    let daemon = "From: Mail Delivery Subsystem <mailer-daemon@mx.example>\nTo: notify@mail.example\nSubject: failure notice\n\n\
        We could not reach <ann@customer.example>:\n550 5.1.1 unknown user\n\n-- copy --\nMessage-ID:\n <m.1.aa@mail.example>\n";
    let (recipients, original) = delivery(daemon);
    assert_eq!(recipients[0].address.as_ref().unwrap().as_str(), "ann@customer.example");
    assert_eq!(recipients[0].status.unwrap().to_string(), "5.1.1");
    assert_eq!(original.message_ids, about(&[]).message_ids);

    let listed = "From: x@mx.example\nSubject: hm\nX-Failed-Recipients: ann@customer.example\n\nsorry\n";
    assert_eq!(delivery(listed).0[0].address.as_ref().unwrap().as_str(), "ann@customer.example");

    let null = "Return-Path: <>\nFrom: robot@mx.example\nSubject: Mail\n\nCould not be delivered: their mailbox is full, 452\n";
    assert_eq!(outcome(null), Outcome::Transient);

    let delayed = "From: mailer-daemon@mx.example\nSubject: Warning (Delay)\n\n421 busy; it will be retried for 4 days\n";
    assert_eq!(outcome(delayed), Outcome::Delayed);
}

#[test]
fn people_who_write_about_failures_are_people() {
    let forwarded = REPORT
        .replace("Return-Path: <>\r\n", "")
        .replace("From: MAILER-DAEMON@mx.example (Mail Delivery System)", "From: Bob <bob@office.example>")
        .replace("multipart/report; report-type=delivery-status", "multipart/mixed")
        .replace("Auto-Submitted: auto-replied\r\n", "");
    let attached =
        format!("From: bob@office.example\r\nSubject: look\r\nContent-Type: message/rfc822\r\n\r\n{REPORT}");
    let spoken = "From: Bob <bob@office.example>\nSubject: Undeliverable mail, failure notice\n\nI got: 550 5.1.1 delivery failed. Why?\n";
    let office = "From: postmaster@office.example\nSubject: our new server\n\nPlease call me.\n";
    for raw in [&forwarded, &attached, spoken, office] {
        assert_eq!(classify(raw.as_bytes()), Ok(Incoming::Ordinary), "{raw}");
    }
}

#[test]
fn complaints_and_receipts_are_told_apart() {
    let complaint = "From: feedback@isp.example\nTo: abuse@mail.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\n\n\
        --x\n\nspam\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: Abuse\nUser-Agent: x/1\nVersion: 1\n\n\
        --x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <m.1.aa@mail.example>\n\n--x--\n";
    let original = about(&["abuse@mail.example"]);
    assert_eq!(
        classify(complaint.as_bytes()),
        Ok(Incoming::Complaint { feedback: "abuse".into(), original })
    );
    let receipt = "From: ann@customer.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n\
        --x\n\nread\n--x\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ann@customer.example\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--x--\n";
    assert_eq!(classify(receipt.as_bytes()), Ok(Incoming::Receipt));
}

#[test]
fn programs_are_no_people() {
    for (field, by) in [
        ("Auto-Submitted: auto-replied", Some(Sender::Responder)),
        ("Auto-Submitted: auto-replied (vacation)", Some(Sender::Responder)),
        ("Auto-Submitted: auto-generated", Some(Sender::Program)),
        ("Auto-Submitted: No", None),
        ("X-Autoreply: yes", Some(Sender::Responder)),
        ("X-Autorespond: 1", Some(Sender::Responder)),
        ("Precedence: auto_reply", Some(Sender::Responder)),
        ("Precedence: Bulk", Some(Sender::List)),
        ("Precedence: first-class", None),
        ("List-Id: News <news.shop.example>", Some(Sender::List)),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", Some(Sender::Program)),
        ("X-Auto-Response-Suppress: None", None),
        ("Return-Path: <>", Some(Sender::Responder)),
        ("Return-Path: <ann@customer.example>", None),
    ] {
        let raw = format!(
            "From: Ann <ann@customer.example>\nSubject: Away\nIn-Reply-To: <m.1.aa@mail.example>\n{field}\n\nUntil Monday.\n"
        );
        let found = match classify(raw.as_bytes()).unwrap() {
            Incoming::Automatic { by, original } => {
                assert_eq!(original.message_ids, about(&[]).message_ids);
                Some(by)
            }
            Incoming::Ordinary => None,
            other => panic!("{field}: {other:?}"),
        };
        assert_eq!(found, by, "{field}");
    }
}

/// An answering machine that quotes a failure or says that somebody's mailbox is full reports nothing about delivery.
#[test]
fn an_answering_machine_is_no_report() {
    for (subject, text) in [("Re: Delivery failure", "I am away."), ("Away", "My mailbox is full of mail.")] {
        let raw = format!(
            "Return-Path: <>\nFrom: ann@customer.example\nSubject: {subject}\nAuto-Submitted: auto-replied\n\n{text}\n"
        );
        assert!(
            matches!(classify(raw.as_bytes()), Ok(Incoming::Automatic { by: Sender::Responder, .. })),
            "{raw}"
        );
    }
}

#[test]
fn nothing_of_a_report_leaves_its_line_or_its_length() {
    let hostile = REPORT.replace("no such user", &format!("\x1b[31m\0\u{202e}{}", "x".repeat(100_000)));
    let (recipients, _) = delivery(&hostile);
    assert!(recipients[0].text.chars().count() <= 500);
    assert!(!recipients[0].text.contains(char::is_control));
    let ids: String = (0..10_000).map(|n| format!("Message-ID: <{n}@x.example>\r\n")).collect();
    let (_, original) = delivery(
        &REPORT
            .replace(
                "Message-ID: <m.1.aa@mail.example>\r\n\
Subject: hello\r\n\r\n",
                &format!("\r\n{ids}"),
            )
            .replace("message/rfc822", "text/plain"),
    );
    assert_eq!(original.message_ids.len(), 20);
    let many = "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n".repeat(10_000);
    let (recipients, _) =
        delivery(&REPORT.replace("Original-Recipient", &format!("{many}Original-Recipient")));
    assert_eq!(recipients.len(), 100);
    let part = "--b/1\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n";
    let (recipients, _) = delivery(&REPORT.replace("--b/1--", &format!("{}--b/1--", part.repeat(150))));
    assert_eq!(recipients.len(), 100);
}

#[test]
fn cut_and_spoilt_messages_are_answered_with_a_value() {
    for end in 0..REPORT.len() {
        let _ = classify(&REPORT.as_bytes()[..end]);
        let mut spoilt = REPORT.as_bytes().to_vec();
        for byte in [0, b'\n', b'\r', b'<', b'"', b'=', 0xff] {
            spoilt[end] = byte;
            let _ = classify(&spoilt);
        }
    }
    assert_eq!(classify(b""), Err(Unreadable::NoHeader));
    assert_eq!(classify(&vec![b'x'; 26 * 1024 * 1024]), Err(Unreadable::TooLarge));
}

#[test]
fn every_real_bounce_is_recognised_and_nothing_else() {
    let Some(files) = super::corpus::messages("every_real_bounce", "sisimai") else { return };
    let mut bounces = 0;
    for (name, raw) in files.iter().filter(|(name, _)| name.ends_with(".eml")) {
        let found = classify(raw).unwrap();
        if name.starts_with("not-a-bounce") {
            assert_eq!(found, Incoming::Ordinary, "{name}");
        } else if name.starts_with("rfc3834") {
            assert!(matches!(found, Incoming::Automatic { by: Sender::Responder, .. }), "{name}: {found:?}");
        } else {
            let Incoming::Delivery { recipients, .. } = found else { panic!("{name}: {found:?}") };
            assert!(recipients.iter().any(|one| one.outcome != Outcome::Delivered), "{name}");
            bounces += 1;
        }
    }
    assert_eq!(bounces, 59, "files of the corpus");
}

/// Torture messages, thousand-fold nesting and all: a value for each, and soon.
#[test]
fn real_and_broken_messages_take_no_time() {
    for folder in ["flanker", "mime4j", "mail-parser", "mikel_mail", "chatwoot"] {
        let Some(files) = super::corpus::messages(&format!("no_time_{folder}"), folder) else { return };
        for (name, raw) in files {
            let start = Instant::now();
            let _ = classify(&raw);
            assert!(start.elapsed() < Duration::from_secs(5), "{folder}/{name}");
        }
    }
}

/// What was sent, what comes back, and what the code in it says: the three fit together.
#[test]
fn a_mail_is_found_by_its_bounce() {
    let key = Key { number: 1, secret: [9; 32].into() };
    let keys = Keys::new(key, vec![]).unwrap();
    let (tenant, mail) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let sender = "notify@mail.example".parse().unwrap();
    let id = tokens::message_id(&keys, tenant, mail, &sender);
    let envelope = tokens::bounce_address(&keys, tenant, mail, (&sender, AddressForm::Plus)).unwrap();
    let raw = REPORT
        .replace("<m.1.aa@mail.example>", id.as_str())
        .replace("bounce+v1token@mail.example", envelope.as_str());
    let (_, original) = delivery(&raw);
    let by_id: Vec<_> = original.message_ids.iter().filter_map(tokens::read_message_id).collect();
    let by_envelope: Vec<_> = original.returned_to.iter().filter_map(tokens::read_bounce_address).collect();
    assert!(by_id[0].id == mail && by_id[0].holds(&keys, tenant));
    assert!(by_envelope[0].id == mail && by_envelope[0].holds(&keys, tenant));
}
