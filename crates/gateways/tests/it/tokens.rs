//! Ids and tokens: each opens what it was made for, for whom it was made, and nothing else.

use parlor_gateways::email::{
    Address, Keys, MessageId,
    keys::Key,
    tokens::{
        AddressForm, bounce_address, instance_mark, is_own_mark, message_id, read_bounce_address,
        read_message_id, read_reply_address, read_unsubscribe_token, reply_address, unsubscribe_token,
    },
};
use proptest::{prelude::*, sample::Index};
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const FORMS: [AddressForm; 2] = [AddressForm::Plus, AddressForm::CatchAll];

fn key(number: u8) -> Key {
    Key { number, secret: [number; 32].into() }
}

fn keys() -> Keys {
    Keys::new(key(7), vec![]).unwrap()
}

fn support() -> Address {
    "support@mail.example".parse().unwrap()
}

fn local(address: &Address) -> &str {
    address.local()
}

#[test]
fn the_forms_are_these() {
    let (mail, person) = (Uuid::from_u128(0x0199), Uuid::from_u128(5));
    let id = message_id(&keys(), TENANT, mail, &support());
    assert!(id.as_str().starts_with("<m.00000000-0000-0000-0000-000000000199."), "{id}");
    assert!(id.as_str().ends_with("@mail.example>") && id.inside().len() == 2 + 36 + 1 + 8 + 13, "{id}");
    assert_eq!(id, message_id(&keys(), TENANT, mail, &support()), "a retry has the same id");
    let plus = reply_address(&keys(), TENANT, mail, person, (&support(), AddressForm::Plus)).unwrap();
    assert!(
        local(&plus).starts_with("support+c.") && local(&plus).len() == "support+c.".len() + 40,
        "{plus}"
    );
    let catch_all =
        reply_address(&keys(), TENANT, mail, person, (&support(), AddressForm::CatchAll)).unwrap();
    assert!(local(&catch_all).starts_with("reply-") && local(&catch_all).len() == 46, "{catch_all}");
    let bounce = bounce_address(&keys(), TENANT, mail, (&support(), AddressForm::CatchAll)).unwrap();
    assert!(local(&bounce).starts_with("bounce-"), "{bounce}");
}

#[test]
fn a_mailbox_without_room_is_told_how_much_there_is() {
    let long: Address = "a-name-of-22-characte@mail.example".parse().unwrap();
    assert!(reply_address(&keys(), TENANT, OTHER, OTHER, (&long, AddressForm::Plus)).is_ok());
    let longer: Address = "a-name-of-22-character@mail.example".parse().unwrap();
    let refused = reply_address(&keys(), TENANT, OTHER, OTHER, (&longer, AddressForm::Plus)).unwrap_err();
    assert_eq!(refused.most, 21);
    assert!(reply_address(&keys(), TENANT, OTHER, OTHER, (&longer, AddressForm::CatchAll)).is_ok());
}

#[test]
fn what_a_key_signed_ends_with_the_key() {
    let new = Keys::new(key(8), vec![key(7)]).unwrap();
    let without = Keys::new(key(8), vec![]).unwrap();
    let mail = read_message_id(&message_id(&keys(), TENANT, OTHER, &support())).unwrap();
    let reply = read_reply_address(
        &reply_address(&keys(), TENANT, OTHER, OTHER, (&support(), AddressForm::Plus)).unwrap(),
    )
    .unwrap();
    let link =
        read_unsubscribe_token(&unsubscribe_token(&keys(), TENANT, OTHER, "mention").unwrap()).unwrap();
    assert!(mail.holds(&new, TENANT) && reply.holds(&new, TENANT, OTHER) && link.holds(&new, TENANT));
    assert!(
        !mail.holds(&without, TENANT)
            && !reply.holds(&without, TENANT, OTHER)
            && !link.holds(&without, TENANT)
    );
    assert!(is_own_mark(&new, &instance_mark(&keys())) && !is_own_mark(&without, &instance_mark(&keys())));
    assert!(!is_own_mark(&new, "") && !is_own_mark(&new, "00"));
    assert!(Keys::new(key(8), vec![key(8)]).is_none(), "two keys of one number");
}

#[test]
fn a_type_is_a_word() {
    for name in ["", "Mention", "a b", "a\r\nb", "é", &"a".repeat(41)] {
        assert!(unsubscribe_token(&keys(), TENANT, OTHER, name).is_none(), "{name:?}");
    }
}

/// Another character at this place that means another value, also when case does not count.
fn changed(text: &str, at: Index, with: char) -> Option<String> {
    let at = at.index(text.len());
    let mut chars: Vec<char> = text.chars().collect();
    if chars[at].eq_ignore_ascii_case(&with) {
        return None;
    }
    chars[at] = with;
    Some(chars.into_iter().collect())
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

proptest! {
    #[test]
    fn a_reply_address_is_of_one_tenant_conversation_and_recipient(conversation in id(), recipient in id(), other in id(), at: Index, with in "[a-z2-7A-Z.+-]") {
        prop_assume!(recipient != other && TENANT != other);
        for form in FORMS {
            let address = reply_address(&keys(), TENANT, conversation, recipient, (&support(), form)).unwrap();
            let claim = read_reply_address(&address).unwrap();
            prop_assert_eq!(claim.id, conversation);
            prop_assert!(claim.holds(&keys(), TENANT, recipient));
            prop_assert!(!claim.holds(&keys(), other, recipient) && !claim.holds(&keys(), TENANT, other));
            prop_assert!(!claim.holds(&keys(), recipient, TENANT));

            let shouted: Address = address.with_local(&address.local().to_ascii_uppercase()).unwrap();
            prop_assert!(read_reply_address(&shouted).unwrap().holds(&keys(), TENANT, recipient), "case may change on the way");

            let token = &local(&address)[local(&address).len() - 40..];
            if let Some(forged) = changed(token, at, with.chars().next().unwrap()) {
                let forged = address.with_local(&local(&address).replace(token, &forged));
                prop_assert!(forged.and_then(|forged| read_reply_address(&forged)).is_none_or(|claim| !claim.holds(&keys(), TENANT, recipient)));
            }
        }
    }

    #[test]
    fn a_message_id_is_of_one_tenant_and_mail(mail in id(), other in id(), at: Index, with in "[0-9a-fA-F.-]") {
        prop_assume!(TENANT != other);
        let own = message_id(&keys(), TENANT, mail, &support());
        let claim = read_message_id(&own).unwrap();
        prop_assert_eq!(claim.id, mail);
        prop_assert!(claim.holds(&keys(), TENANT) && !claim.holds(&keys(), other));
        let left = own.inside().split('@').next().unwrap();
        if let Some(forged) = changed(left, at, with.chars().next().unwrap()) {
            let forged: MessageId = own.as_str().replace(left, &forged).parse().unwrap();
            prop_assert!(read_message_id(&forged).is_none_or(|claim| !claim.holds(&keys(), TENANT)));
        }
    }

    #[test]
    fn an_envelope_sender_is_of_one_tenant_and_mail(mail in id(), other in id(), at: Index, with in "[a-z2-7]") {
        prop_assume!(TENANT != other);
        for form in FORMS {
            let address = bounce_address(&keys(), TENANT, mail, (&support(), form)).unwrap();
            let claim = read_bounce_address(&address).unwrap();
            prop_assert!(claim.id == mail && claim.holds(&keys(), TENANT) && !claim.holds(&keys(), other));
            let token = &local(&address)[local(&address).len() - 40..];
            if let Some(forged) = changed(token, at, with.chars().next().unwrap()) {
                let forged = address.with_local(&local(&address).replace(token, &forged)).unwrap();
                prop_assert!(read_bounce_address(&forged).is_none_or(|claim| !claim.holds(&keys(), TENANT)));
            }
        }
    }

    #[test]
    fn a_link_to_unsubscribe_is_of_one_tenant_person_and_type(person in id(), other in id(), kind in "[a-z0-9_]{1,40}", at: Index, with in "[a-z2-7]") {
        prop_assume!(TENANT != other);
        let token = unsubscribe_token(&keys(), TENANT, person, &kind).unwrap();
        let claim = read_unsubscribe_token(&token).unwrap();
        prop_assert!(claim.id == person && claim.notification() == kind);
        prop_assert!(claim.holds(&keys(), TENANT) && !claim.holds(&keys(), other));
        if let Some(forged) = changed(&token, at, with.chars().next().unwrap()) {
            prop_assert!(read_unsubscribe_token(&forged).is_none_or(|claim| !claim.holds(&keys(), TENANT)));
        }
    }

    /// One id in every place: what was signed for one purpose proves nothing for another.
    #[test]
    fn no_kind_opens_as_another(id in id()) {
        let token = |address: &Address| local(address)[local(address).len() - 40..].to_owned();
        let reply = token(&reply_address(&keys(), TENANT, id, id, (&support(), AddressForm::Plus)).unwrap());
        let bounce = token(&bounce_address(&keys(), TENANT, id, (&support(), AddressForm::Plus)).unwrap());
        let as_reply = support().with_local(&format!("reply-{bounce}")).unwrap();
        let as_bounce = support().with_local(&format!("bounce-{reply}")).unwrap();
        prop_assert!(!read_reply_address(&as_reply).unwrap().holds(&keys(), TENANT, id));
        prop_assert!(!read_bounce_address(&as_bounce).unwrap().holds(&keys(), TENANT));
        prop_assert!(read_unsubscribe_token(&reply).is_none());
        let whole = support().with_local(&format!("bounce-{bounce}")).unwrap();
        prop_assert!(read_reply_address(&whole).is_none());
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = read_unsubscribe_token(&text);
        if let Ok(id) = format!("<m.{text}@b>").parse() {
            let _ = read_message_id(&id);
        }
        if let Ok(address) = format!("reply-{text}@b.example").parse() {
            let _ = read_reply_address(&address);
        }
    }
}
