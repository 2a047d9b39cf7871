//! Owns: who is who in the demo's company: a furniture maker that does not exist. Data only.

use parlor_chat::Right;

/// Shown name of the company.
pub(super) const COMPANY: &str = "Alder & Reis";

/// A member of staff.
pub(super) struct Staff {
    /// How the scripts call it.
    pub key: &'static str,
    pub name: &'static str,
    pub role: &'static str,
    pub locale: &'static str,
    pub time_zone: &'static str,
    /// What it is in the company, for the list of sign-ins.
    pub does: &'static str,
    /// What it may do, for the list of sign-ins.
    pub may: &'static str,
}

pub(super) static STAFF: [Staff; 12] = [
    Staff {
        key: "ines",
        name: "Inês Duarte",
        role: "admin",
        locale: "pt",
        time_zone: "Europe/Lisbon",
        does: "managing director, Lisbon",
        may: "everything (super administrator)",
    },
    Staff {
        key: "hugo",
        name: "Hugo Marchand",
        role: "lead",
        locale: "fr",
        time_zone: "Europe/Paris",
        does: "head of sales, Lyon",
        may: "groups, channels, broadcasts, announcements, tickets, contacts, all support",
    },
    Staff {
        key: "clara",
        name: "Clara Winter",
        role: "lead",
        locale: "de",
        time_zone: "Europe/Vienna",
        does: "head of production, Vienna",
        may: "groups, channels, broadcasts, announcements, tickets, contacts, all support",
    },
    Staff {
        key: "sean",
        name: "Seán Byrne",
        role: "lead",
        locale: "en",
        time_zone: "Europe/Dublin",
        does: "head of IT, Dublin",
        may: "groups, channels, broadcasts, announcements, tickets, contacts, all support",
    },
    Staff {
        key: "marta",
        name: "Marta Figueira",
        role: "agent",
        locale: "pt",
        time_zone: "Europe/Lisbon",
        does: "head of support, Lisbon",
        may: "support, contacts, groups, channels, tickets",
    },
    Staff {
        key: "lucas",
        name: "Lucas Perrin",
        role: "agent",
        locale: "fr",
        time_zone: "Europe/Paris",
        does: "support, Lyon",
        may: "support, contacts, groups, channels, tickets",
    },
    Staff {
        key: "jonas",
        name: "Jonas Gruber",
        role: "agent",
        locale: "de",
        time_zone: "Europe/Vienna",
        does: "support, Vienna",
        may: "support, contacts, groups, channels, tickets",
    },
    Staff {
        key: "aoife",
        name: "Aoife Nolan",
        role: "member",
        locale: "en",
        time_zone: "Europe/Dublin",
        does: "developer, Dublin",
        may: "groups, channels, tickets",
    },
    Staff {
        key: "tiago",
        name: "Tiago Lopes",
        role: "member",
        locale: "pt",
        time_zone: "Europe/Lisbon",
        does: "workshop and deliveries, Lisbon",
        may: "groups, channels, tickets",
    },
    Staff {
        key: "niamh",
        name: "Niamh Kelly",
        role: "member",
        locale: "en",
        time_zone: "Europe/Dublin",
        does: "marketing, Dublin",
        may: "groups, channels, tickets",
    },
    Staff {
        key: "elise",
        name: "Elise Caron",
        role: "store",
        locale: "fr",
        time_zone: "Europe/Paris",
        does: "manager of the store in Lyon",
        may: "threads with customers of that store, groups, channels, tickets",
    },
    Staff {
        key: "felix",
        name: "Felix Brandl",
        role: "store",
        locale: "de",
        time_zone: "Europe/Vienna",
        does: "manager of the store in Vienna",
        may: "threads with customers of that store, groups, channels, tickets",
    },
];

/// The program that tells where parcels are.
pub(super) const BOT: (&str, &str) = ("dispatch", "Dispatch");

/// Roles beside those every tenant has.
pub(super) static ROLES: [(&str, &[Right]); 2] = [
    (
        "lead",
        &[
            Right::Group,
            Right::Broadcast,
            Right::Announce,
            Right::Channel,
            Right::Ticket,
            Right::Contacts,
            Right::Support,
            Right::SupportAll,
            Right::ViewAudit,
            Right::Messenger,
        ],
    ),
    ("store", &[Right::Group, Right::Channel, Right::Ticket, Right::Store, Right::Messenger]),
];

/// Name, prefix of ticket numbers, members.
pub(super) static TEAMS: [(&str, &str, &[&str]); 4] = [
    ("Support", "SUP", &["marta", "lucas", "jonas"]),
    ("Dev", "DEV", &["sean", "aoife"]),
    ("Workshop", "WRK", &["clara", "tiago"]),
    ("Marketing", "MKT", &["niamh", "hugo"]),
];

/// How the scripts call it, name, users.
pub(super) static STORES: [(&str, &str, &[&str]); 2] =
    [("lyon", "Lyon Croix-Rousse", &["elise"]), ("wien", "Wien Neubau", &["felix"])];

/// A customer.
pub(super) struct Customer {
    /// How the scripts call it; with `demo-` before it, the `sub` of its tokens.
    pub key: &'static str,
    pub name: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub city: &'static str,
    pub locale: &'static str,
}

pub(super) static CUSTOMERS: [Customer; 6] = [
    Customer {
        key: "rosa",
        name: "Rosa Almeida",
        email: "rosa.almeida@mail.example",
        phone: "+351 910 000 101",
        city: "Porto",
        locale: "pt",
    },
    Customer {
        key: "thomas",
        name: "Thomas Lefèvre",
        email: "thomas.lefevre@mail.example",
        phone: "+33 600 000 102",
        city: "Grenoble",
        locale: "fr",
    },
    Customer {
        key: "greta",
        name: "Greta Hofer",
        email: "greta.hofer@mail.example",
        phone: "+43 660 000 0103",
        city: "Graz",
        locale: "de",
    },
    Customer {
        key: "brian",
        name: "Brian O'Shea",
        email: "brian.oshea@mail.example",
        phone: "+353 85 000 0104",
        city: "Cork",
        locale: "en",
    },
    Customer {
        key: "camille",
        name: "Camille Roux",
        email: "camille.roux@mail.example",
        phone: "+33 600 000 105",
        city: "Lyon",
        locale: "fr",
    },
    Customer {
        key: "david",
        name: "David Kerr",
        email: "david.kerr@mail.example",
        phone: "+353 85 000 0106",
        city: "Dublin",
        locale: "en",
    },
];

/// Records of the host application: key, type, title.
pub(super) static RECORDS: [(&str, &str, &str); 6] = [
    ("AR-2041", "order", "Order AR-2041 · oak table Douro, 180 cm · 1 290 €"),
    ("AR-2057", "order", "Order AR-2057 · six chairs Liffey, walnut · 1 740 €"),
    ("AR-2063", "order", "Order AR-2063 · sideboard Saône, ash · 2 150 €"),
    ("AR-1988", "order", "Order AR-1988 · bed Prater, 160 × 200 · 1 860 €"),
    ("douro", "product", "Table Douro, oak, 140 / 180 / 220 cm"),
    ("INV-771", "invoice", "Invoice INV-771 · Lyon Croix-Rousse, October"),
];

/// Where the host application shows a record. `.example` leads nowhere by design (RFC 2606).
pub(super) fn record_url(kind: &str, key: &str) -> String {
    format!("https://backoffice.alder-reis.example/{kind}s/{key}")
}

/// The address somebody signs in with.
pub(super) fn email(key: &str) -> String {
    format!("{key}@alder-reis.example")
}
