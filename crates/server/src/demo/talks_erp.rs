//! Owns: the second company of the demo, where a hierarchy decides who may write to whom. Data only.

use super::script::{TALK, Talk};

/// Slug and shown name of its tenant.
pub(super) const ERP: (&str, &str) = ("erp", "Groupe Valmont");

/// The matrix: a role, and the roles its users may write to.
pub(super) static MATRIX: [(&str, &[&str]); 3] =
    [("PDG", &["PDG", "DG", "Employé"]), ("DG", &["PDG", "DG", "Employé"]), ("Employé", &["DG", "Employé"])];

/// How the scripts call them, name, role.
pub(super) static PEOPLE: [(&str, &str, &str); 4] = [
    ("odile", "Odile Valmont", "PDG"),
    ("karim", "Karim Haddad", "DG"),
    ("julie", "Julie Petit", "Employé"),
    ("marc", "Marc Olivier", "Employé"),
];

/// What somebody of a role may do, for the list of sign-ins.
pub(super) fn may(role: &str) -> &'static str {
    match role {
        "Employé" => "writes to DG and Employé; writing to the PDG is refused",
        _ => "writes to everybody",
    }
}

pub(super) static TALKS: [Talk<'static>; 3] = [
    Talk {
        key: "odile-karim",
        by: "odile",
        with: &["karim"],
        script: "
= -2 09:05
odile: Bonjour Karim, où en sommes-nous avec les comptes du trimestre ?
karim: Bouclés demain midi. Il me manque une facture du transporteur.
odile: Très bien. Prévoyez vingt minutes vendredi, s'il vous plaît.
= now-80
karim: Facture reçue, tout est bouclé.
",
        unread: &[("odile", 1)],
        ..TALK
    },
    Talk {
        key: "karim-julie",
        by: "julie",
        with: &["karim"],
        script: "
= -1 10:30
julie &AR-2063: Bonjour Karim, cette commande attend votre validation.
karim: Validée. Merci d'avoir relancé !
* 👍 julie
",
        ..TALK
    },
    Talk {
        key: "julie-marc",
        by: "marc",
        with: &["julie"],
        script: "
= -1 12:05
marc: Tu viens déjeuner ?
julie: Dans dix minutes, je finis un devis.
= now-90
marc: Tu as laissé ton parapluie au restaurant.
",
        unread: &[("julie", 1)],
        ..TALK
    },
];
