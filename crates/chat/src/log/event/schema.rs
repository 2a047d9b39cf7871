//! The union of all events, for the API's description. Must not know: what the events are.

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::EventKind;
use crate::{ids::ConversationId, person::Person, time::Time};

/// Every event that clients are told, kept or not, under the name `Event`.
#[derive(Default)]
pub struct EventSchema {
    union: OneOfBuilder,
    named: Vec<(String, RefOr<Schema>)>,
}

impl EventSchema {
    fn all() -> Self {
        let mut all = Self::default();
        all.add_all();
        all
    }

    /// An event that tells a `T`.
    pub(super) fn add<T: ToSchema>(&mut self, kind: EventKind, numbered: bool) {
        let mut event = ObjectBuilder::new();
        if numbered {
            event = event
                .property("seq", ObjectBuilder::new().schema_type(SchemaType::from(Type::Integer)))
                .required("seq");
        }
        let null = || ObjectBuilder::new().schema_type(SchemaType::from(Type::Null));
        let actor = OneOfBuilder::new().item(null()).item(Ref::from_schema_name(Person::name()));
        let conversation: RefOr<Schema> = match kind.is_in_conversation() {
            true => Ref::from_schema_name(ConversationId::name()).into(),
            false => null().into(),
        };
        let kind =
            ObjectBuilder::new().schema_type(SchemaType::from(Type::String)).enum_values(Some([kind.name()]));
        event = event
            .property("type", kind)
            .required("type")
            .property("at", Ref::from_schema_name(Time::name()))
            .required("at")
            .property("conversation_id", conversation)
            .required("conversation_id")
            .property("actor", actor)
            .required("actor")
            .property("data", Ref::from_schema_name(T::name()))
            .required("data");
        self.union = std::mem::take(&mut self.union).item(event);
        self.named.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.named);
    }
}

impl PartialSchema for EventSchema {
    fn schema() -> RefOr<Schema> {
        Self::all().union.description(Some("Every event that clients are told.")).into()
    }
}

impl ToSchema for EventSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(Self::all().named);
        for (name, schema) in [
            (Time::name(), Time::schema()),
            (ConversationId::name(), ConversationId::schema()),
            (Person::name(), Person::schema()),
        ] {
            schemas.push((name.into_owned(), schema));
        }
        Person::schemas(schemas);
    }
}
